/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a file descriptor to the kernel object behind it, and what that object is called.
 */
#ifndef IPCTRACE_OBJECT_BPF_H
#define IPCTRACE_OBJECT_BPF_H

#include "tables.h"

struct task_struct;

/* The kernel address of the struct file of descriptor FD, 0 if there is none. */
__u64 object_file(struct task_struct *task, __u32 fd);

/* Fills KEY for the object behind FILE. Returns 0 if it is none of the wanted mechanisms. Global. */
int object_identify(__u64 file, struct object_key *key);

/* Fills VALUE with what there is to say of the object behind FILE. */
int object_describe(__u64 file, const struct object_key *key, struct object_value *value);

/* Remembers the description of an object for the user side, once. FILE: see struct call. */
int object_remember(__u64 file, const struct object_key *key);

/* What is remembered of an object, or NULL. */
struct object_value *object_get(const struct object_key *key);

/* The same, empty when it is new; NULL: no room, counted. */
struct object_value *object_make(const struct object_key *key);

/* Remembers an object as it is now, whatever was known of it. */
int object_refresh(__u64 file, const struct object_key *key);

/* Of a message queue, that of KEY: how many messages are in it now. Global: see histogram_slot. */
int object_count_queued(const struct flow_key *key, __u64 file);

#endif
