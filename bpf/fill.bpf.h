/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much a queue holds now.
 */
#ifndef IPCTRACE_FILL_BPF_H
#define IPCTRACE_FILL_BPF_H

#include "tables.h"

/*
 * Bytes on streams, else messages, that are on their way in KEY's direction; 0 also where it cannot be seen.
 * PEER: address of a unix sock's peer. Global: the verifier looks at it once.
 */
__u64 fill_of(__u64 file, const struct flow_key *key, __u64 peer);

#endif
