// SPDX-License-Identifier: GPL-2.0
/*
 * Channels that are processes: of signals, the one that gets them; of process_vm_readv and process_vm_writev,
 * the one whose memory it is. And the way from a number or a descriptor to the process.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "anonymous.bpf.h"
#include "edge.bpf.h"
#include "flow.bpf.h"
#include "kernel.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "tree.bpf.h"

#define PID_FS_MAGIC 0x50494446 /* include/uapi/linux/magic.h; 6.9, commit cb12fd8e0dab */

static const union anonymous_name pidfd_name = {"[pidfd]"}; /* before 6.9 */

/* The entry for the PID namespace at LEVEL of the struct pid at this address. */
static __always_inline struct upid *number_at(__u64 pid, __u32 level)
{
	return KERNEL_POINTER(struct upid, pid + bpf_core_field_offset(struct pid, numbers) +
						   (__u64)level * bpf_core_type_size(struct upid));
}

/* The first of the threads with this struct pid, which is its only one; 0: it has ended. */
static __always_inline __u64 task_of(__u64 pid)
{
	__u64 link = 0;

	bpf_core_read(&link, sizeof(link), &((struct pid *)pid)->tasks[0].first);
	return link ? link - bpf_core_field_offset(struct task_struct, pid_links) : 0;
}

static __always_inline __u64 identify_task(__u64 address, struct object_key *key)
{
	struct task_struct *task, *leader;

	if (!address)
		return 0;
	task = KERNEL_POINTER(struct task_struct, address);
	leader = KERNEL_READ(task, group_leader);
	key->object = KERNEL_READ(task, tgid);
	key->aux = KERNEL_READ(leader, start_boottime) / 1000000;
	return address;
}

__hidden __u64 process_identify(struct task_struct *task, __u32 number, struct object_key *key)
{
	__u64 own = 0, root = 0, found;
	struct pid_namespace *namespace;
	struct upid *upid;
	struct pid *pid;
	__u32 level;

	bpf_core_read(&own, sizeof(own), &task->thread_pid); /* a number, to be added to */
	pid = KERNEL_POINTER(struct pid, own);
	level = KERNEL_READ(pid, level);
	upid = number_at(own, level);
	namespace = KERNEL_READ(upid, ns);
	key->object = PROCESS_MISSING | number;
	key->aux = level ? KERNEL_READ(namespace, ns.inum) : 0;
	bpf_core_read(&root, sizeof(root), &namespace->idr.idr_rt.xa_head);
	found = tree_entry(root, number);
	if (!found)
		return 0;
	upid = number_at(found, level);
	if (KERNEL_READ(upid, nr) != (int)number)
		return 0;
	return identify_task(task_of(found), key);
}

/* The struct pid behind a pidfd, 0 if FILE is none. */
static __always_inline __u64 pid_of_file(struct file *file)
{
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct super_block *super = KERNEL_READ(inode, i_sb);
	union anonymous_name name = {};

	if (KERNEL_READ(super, s_magic) == PID_FS_MAGIC)
		return (__u64)KERNEL_READ(inode, i_private);
	read_anonymous_name(file, &name);
	return is_named(&name, &pidfd_name) ? (__u64)KERNEL_READ(file, private_data) : 0;
}

__hidden __u64 process_identify_fd(struct task_struct *task, __u32 fd, struct object_key *key)
{
	__u64 address = object_file(task, fd), pid;

	key->object = PROCESS_MISSING | PROCESS_FD | fd;
	if (!address)
		return 0;
	pid = pid_of_file(KERNEL_POINTER(struct file, address));
	return pid ? identify_task(task_of(pid), key) : 0;
}

__hidden int process_describe(__u64 address, const struct object_key *key, struct object_value *value)
{
	struct object_key now = {};
	struct task_struct *task, *leader;

	if (!identify_task(address, &now) || now.object != key->object || now.aux != key->aux)
		return 0;
	task = KERNEL_POINTER(struct task_struct, address);
	leader = KERNEL_READ(task, group_leader);
	bpf_probe_read_kernel_str(value->name, sizeof(leader->comm), &leader->comm);
	return 0;
}

/* As in channel.bpf.c's system_v_enter: the flow shows who waits, and reads the name while there is one. */
__hidden int process_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;
	struct object_key object = {};
	struct flow_key flow = {};

	call->mechanism = call->operation == OP_SIGNAL_WAIT ? MECH_SIGNAL : MECH_PROCESS_VM;
	if (!(wanted_mechanisms & (1U << call->mechanism))) {
		call->mechanism = MECH_NONE;
		return 0;
	}
	if (call->operation == OP_SIGNAL_WAIT) {
		call->file = 0;
		object.object = thread->process.pid;
		object.aux = thread->process.started_ms;
	} else {
		call->file = process_identify(task, call->arguments[0], &object);
	}
	if (call->operation == OP_PROCESS_VM_WRITE)
		call->direction = DIRECTION_SEND;
	call->object = object.object;
	call->aux = object.aux;
	flow.process = thread->process;
	flow.object = object.object;
	flow.aux = object.aux;
	flow.mechanism = call->mechanism;
	flow.direction = call->direction;
	return flow_open(&flow, call->file);
}

__hidden int process_vm_moved(const struct flow_key *key, __u64 bytes)
{
	struct edge_key edge = {
		.from = key->process,
		.to = {.pid = key->object, .started_ms = key->aux},
		.object = {.object = key->object, .aux = key->aux, .mechanism = MECH_PROCESS_VM},
	};

	if (key->direction == DIRECTION_RECEIVE) {
		edge.from = edge.to;
		edge.to = key->process;
	}
	return edge_add(&edge, 1, bytes);
}
