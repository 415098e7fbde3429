// SPDX-License-Identifier: GPL-2.0
/*
 * The texts of mechanisms.
 */
#include <string.h>

#include "model/model.h"

static const char *const kinds[MECH_COUNT] = {
	[MECH_NONE] = "futex",
#define MECHANISM(name, kind, framing) [MECH_##name] = kind,
#include "mechanisms.def"
#undef MECHANISM
};

static const bool is_memory[MECH_COUNT] = {
#define STREAM false
#define DATAGRAM false
#define MEMORY true
#define MECHANISM(name, kind, framing) [MECH_##name] = framing,
#include "mechanisms.def"
#undef MECHANISM
#undef STREAM
#undef DATAGRAM
#undef MEMORY
};

bool mechanism_is_memory(enum mechanism mechanism)
{
	return (unsigned)mechanism < MECH_COUNT && is_memory[mechanism];
}

const char *mechanism_kind(enum mechanism mechanism)
{
	return (unsigned)mechanism < MECH_COUNT ? kinds[mechanism] : "unknown";
}

enum mechanism mechanism_by_kind(const char *kind)
{
	for (unsigned i = MECH_NONE + 1; i < MECH_COUNT; i++)
		if (!strcmp(kinds[i], kind))
			return i;
	return MECH_NONE;
}

bool mechanism_is_process(enum mechanism mechanism)
{
	return mechanism == MECH_SIGNAL || mechanism == MECH_PROCESS_VM;
}
