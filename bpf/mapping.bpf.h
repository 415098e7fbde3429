/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who maps which shared memory.
 *
 * Files of file systems that keep files count while somebody shares them who has opened them for writing:
 * caches and tables that are only read, of which every process maps some, tell nobody anything. All other
 * memory counts in any case.
 */
#ifndef IPCTRACE_MAPPING_BPF_H
#define IPCTRACE_MAPPING_BPF_H

#include "tables.h"
#include "thread_state.h"

struct task_struct;
struct vm_area_struct;

static __always_inline bool is_mapping(enum operation operation)
{
	return operation == OP_MMAP || operation == OP_SHMAT;
}

/* At entry: is the mapping to be shared? If not, the call is none of ours. */
int mapping_enter(struct task_struct *task, struct thread *thread);

/* At exit, with a result that ends the call. */
int mapping_exit(struct task_struct *task, struct thread *thread, struct call *call, long result);

/* CHILD is born with copies of its parent's mappings. */
int mapping_fork(struct task_struct *child, const struct process_key *process);

/* Fills all of RECORD that is about the memory. Returns false for a mapping that shares nothing. */
bool mapping_describe(struct vm_area_struct *area, struct mapping_record *record);

#endif
