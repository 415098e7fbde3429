// SPDX-License-Identifier: GPL-2.0
/*
 * The texts of mechanisms.
 */
#include <string.h>

#include "model/model.h"

static const char *const kinds[MECH_COUNT] = {
	[MECH_NONE] = "futex",
#define MECHANISM(name, kind, framing, handle) [MECH_##name] = kind,
#include "mechanisms.def"
#undef MECHANISM
};

static const struct {
	enum framing framing;
	enum handle handle;
} columns[MECH_COUNT] = {
#define MECHANISM(name, kind, framing, handle) [MECH_##name] = {framing, handle},
#include "mechanisms.def"
#undef MECHANISM
};

bool mechanism_is_memory(enum mechanism mechanism)
{
	return (unsigned)mechanism < MECH_COUNT && columns[mechanism].framing == MEMORY;
}

bool mechanism_is_stream(enum mechanism mechanism)
{
	return (unsigned)mechanism < MECH_COUNT && mechanism != MECH_NONE && columns[mechanism].framing == STREAM;
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
	return (unsigned)mechanism < MECH_COUNT && columns[mechanism].handle == HANDLE_PROCESS;
}
