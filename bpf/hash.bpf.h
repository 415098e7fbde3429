/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash of words: FNV-1a's start and prime, a word in place of a byte, and a shift that brings high bits down.
 */
#ifndef IPCTRACE_HASH_BPF_H
#define IPCTRACE_HASH_BPF_H

#define HASH_START 14695981039346656037ULL

static __always_inline __u64 hash_word(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 1099511628211ULL;
	return hash ^ hash >> 29;
}

#endif
