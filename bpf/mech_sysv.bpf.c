// SPDX-License-Identifier: GPL-2.0
/*
 * System V IPC: no files, but numbers in an IPC namespace, for each of its kinds apart. A number carries a
 * count of how often its place was used before, so that it is not used again soon.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "thread_state.h"
#include "tree.bpf.h"

/* ipc/util.h */
#define IPC_SEM_IDS 0
#define IPC_MSG_IDS 1
#define IPC_SHM_IDS 2

/*
 * The low bits of an id are the object's place (IPCMNI_SHIFT in ipc/util.h). The boot option ipcmni_extend
 * makes them more: then it is not found where it is looked for, and stays without key and capacity.
 */
#define PLACE_BITS 15

__hidden __u64 sysv_identify(struct task_struct *task, __u32 id, struct object_key *key)
{
	struct ipc_namespace *namespace;
	__u64 address = 0;

	if (!is_wanted(key->mechanism) || !bpf_core_type_exists(struct kern_ipc_perm))
		return 0;
	/* A number: what is handed on to functions that the verifier looks at once must not be a pointer. */
	bpf_core_read(&address, sizeof(address), &task->nsproxy->ipc_ns);
	namespace = KERNEL_POINTER(struct ipc_namespace, address);
	key->object = id;
	key->aux = KERNEL_READ(namespace, ns.inum);
	return address;
}

/* Read as a number: the verifier lets nobody look at the tag of a pointer. */
static __always_inline __u64 tree_of(__u64 address, enum mechanism mechanism)
{
	struct ipc_namespace *namespace = (struct ipc_namespace *)address;
	__u64 root = 0;

	if (mechanism == MECH_SYSV_SEM)
		bpf_core_read(&root, sizeof(root), &namespace->ids[IPC_SEM_IDS].ipcs_idr.idr_rt.xa_head);
	else if (mechanism == MECH_SYSV_SHM)
		bpf_core_read(&root, sizeof(root), &namespace->ids[IPC_SHM_IDS].ipcs_idr.idr_rt.xa_head);
	else
		bpf_core_read(&root, sizeof(root), &namespace->ids[IPC_MSG_IDS].ipcs_idr.idr_rt.xa_head);
	return root;
}

__hidden int sysv_describe(__u64 namespace, const struct object_key *key, struct object_value *value)
{
	struct kern_ipc_perm *permissions;
	struct shmid_kernel *segment;
	struct msg_queue *queue;
	__u64 entry;

	if (!bpf_core_type_exists(struct kern_ipc_perm))
		return 0;
	entry = tree_entry(tree_of(namespace, key->mechanism), key->object & ((1U << PLACE_BITS) - 1));
	if (!entry)
		return 0;
	permissions = KERNEL_POINTER(struct kern_ipc_perm, entry);
	if (KERNEL_READ(permissions, id) != (int)key->object)
		return 0;
	value->ipc_key = KERNEL_READ(permissions, key);
	if (key->mechanism == MECH_SYSV_SHM) {
		segment = KERNEL_POINTER(struct shmid_kernel,
					 entry - bpf_core_field_offset(struct shmid_kernel, shm_perm));
		value->capacity = KERNEL_READ(segment, shm_segsz);
	}
	if (key->mechanism != MECH_SYSV_MSG)
		return 0;
	queue = KERNEL_POINTER(struct msg_queue, entry - bpf_core_field_offset(struct msg_queue, q_perm));
	value->capacity = KERNEL_READ(queue, q_qbytes);
	return 0;
}

/* include/uapi/linux/sem.h */
struct sembuf {
	__u16 number;
	__s16 operation;
	__s16 flags;
};

__hidden int sysv_semaphore_direction(struct call *call)
{
	struct sembuf first = {};

	call->flags &= ~CALL_UNDIRECTED;
	if (bpf_probe_read_user(&first, sizeof(first), (void *)call->arguments[1]))
		call->flags |= CALL_UNDIRECTED;
	call->direction = first.operation > 0 ? DIRECTION_SEND : DIRECTION_RECEIVE;
	return 0;
}
