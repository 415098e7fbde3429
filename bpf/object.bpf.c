// SPDX-License-Identifier: GPL-2.0
/*
 * From a file descriptor to the kernel object behind it. Sorts by the type of the inode and leaves
 * the rest to the mechanism's own file.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "framing.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mechanisms.bpf.h"
#include "object.bpf.h"
#include "process.bpf.h"
#include "table.bpf.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_IFNONE 0

#define ANON_INODE_FS_MAGIC 0x09041934 /* include/uapi/linux/magic.h */

#define MAX_OBJECTS 131072

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_OBJECTS);
	__type(key, struct object_key);
	__type(value, struct object_value);
} objects SEC(".maps");

static const struct object_value no_description = {};

__hidden __u64 object_file(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = task->files->fdt;
	struct file **slot;
	__u64 file = 0;

	if (fd >= table->max_fds)
		return 0;
	/* A typed load of the array's element is refused on 6.1 and 6.12. */
	slot = table->fd + fd;
	bpf_probe_read_kernel(&file, sizeof(file), slot);
	return file;
}

/* Families as in include/linux/socket.h. */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_VSOCK 40

static __always_inline enum mechanism socket_mechanism(struct sock *sock)
{
	switch (KERNEL_READ(sock, __sk_common.skc_family)) {
	case AF_UNIX:
		return unix_mechanism(sock);
	case AF_INET:
	case AF_INET6:
		return inet_mechanism(sock);
	case AF_NETLINK:
		return MECH_NETLINK;
	case AF_VSOCK:
		return MECH_VSOCK;
	default:
		return MECH_NONE;
	}
}

static __always_inline bool identify_socket(struct file *file, struct object_key *key)
{
	struct socket *socket = KERNEL_POINTER(struct socket, KERNEL_READ(file, private_data));
	struct sock *sock = KERNEL_READ(socket, sk);

	key->object = (__u64)sock;
	key->mechanism = socket_mechanism(sock);
	return is_wanted(key->mechanism);
}

/* Inlined: calls are nested almost as deep here as the kernel allows (8). */
static __always_inline bool identify(__u64 address, struct object_key *key)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	__u64 number = KERNEL_READ(inode, i_ino), magic;
	struct super_block *super;

	switch (KERNEL_READ(inode, i_mode) & S_IFMT) {
	case S_IFSOCK:
		key->aux = number;
		return identify_socket(file, key);
	case S_IFIFO:
		super = KERNEL_READ(inode, i_sb);
		key->mechanism = pipe_mechanism(super);
		break;
	case S_IFCHR:
		key->mechanism = pty_identify(file, inode, key);
		return is_wanted(key->mechanism);
	case S_IFNONE: /* the anonymous inode; a regular file in 6.15 and 6.16, commit cfd86ef7e8e7 */
	case S_IFREG:
		super = KERNEL_READ(inode, i_sb);
		magic = KERNEL_READ(super, s_magic);
		if (magic == ANON_INODE_FS_MAGIC) {
			key->mechanism = anonymous_identify(file, key);
			return is_wanted(key->mechanism);
		}
		key->mechanism = mqueue_mechanism(magic);
		break;
	default:
		return false;
	}
	key->object = number;
	key->aux = KERNEL_READ(super, s_dev);
	return is_wanted(key->mechanism);
}

__noinline int object_identify(__u64 file, struct object_key *key)
{
	return key && identify(file, key);
}

/* A description is whole when it has a time: until then other threads do not use it. */
static __always_inline void described(struct object_value *value)
{
	value->described_ns = bpf_ktime_get_ns();
}

static __always_inline void describe(__u64 file, const struct object_key *key, struct object_value *value)
{
	switch (key->mechanism) {
	case MECH_PIPE:
	case MECH_FIFO:
		pipe_describe(file, value);
		break;
	case MECH_MQUEUE:
		mqueue_describe(file, value);
		break;
	case MECH_UNIX_STREAM:
	case MECH_UNIX_DGRAM:
	case MECH_UNIX_SEQPACKET:
		unix_describe(key->object, value);
		break;
	case MECH_TCP:
	case MECH_UDP:
		inet_describe(key->object, value);
		break;
	case MECH_VSOCK:
		vsock_describe(key->object, value);
		break;
	case MECH_NETLINK:
		netlink_describe(key->object, value);
		break;
	}
}

__hidden int object_describe(__u64 file, const struct object_key *key, struct object_value *value)
{
	describe(file, key, value);
	described(value);
	return 0;
}

static __always_inline bool is_process(__u32 mechanism)
{
	return handle_of(mechanism) == HANDLE_PROCESS;
}

static __always_inline bool has_file(__u32 mechanism)
{
	return handle_of(mechanism) == HANDLE_FILE;
}

/* The file may have been closed by another thread since the call began. */
static __always_inline bool is_still(__u64 file, const struct object_key *key)
{
	struct object_key now = {};

	identify(file, &now);
	return now.object == key->object && now.aux == key->aux && now.mechanism == key->mechanism;
}

__hidden struct object_value *object_get(const struct object_key *key)
{
	return bpf_map_lookup_elem(&objects, key);
}

__hidden struct object_value *object_make(const struct object_key *key)
{
	struct object_value *value;

	table_insertion(TABLE_objects, bpf_map_update_elem(&objects, key, &no_description, BPF_NOEXIST));
	value = bpf_map_lookup_elem(&objects, key);
	if (!value)
		health_count(HEALTH_MAP_FULL);
	return value;
}

/* A netlink socket that has not been bound gets its port with the first message that it sends. */
static __always_inline bool is_unbound(const struct object_key *key, const struct object_value *value)
{
	return key->mechanism == MECH_NETLINK && !value->local.netlink.port;
}

/* Global, not hidden: the verifier looks at it once, not at each call. */
__noinline int object_remember(__u64 file, const struct object_key *key_given)
{
	struct object_value *value;
	struct object_key key;

	if (!key_given)
		return 0;
	key = *key_given; /* before 6.2 (d1673304097c) maps take keys only from the stack */
	value = object_get(&key);
	if (value)
		entry_met(TABLE_objects, &value->state);
	if ((value && value->described_ns && !is_unbound(&key, value)) ||
	    (has_file(key.mechanism) && !is_still(file, &key)))
		return 0;
	value = object_make(&key);
	if (!value)
		return 0;
	if (has_file(key.mechanism))
		describe(file, &key, value);
	else if (is_process(key.mechanism))
		process_describe(file, &key, value);
	else
		sysv_describe(file, &key, value);
	described(value);
	entry_used(TABLE_objects, &value->state);
	return 0;
}

__hidden int object_refresh(__u64 file, const struct object_key *key)
{
	struct object_value *value = bpf_map_lookup_elem(&objects, key);

	if (!value)
		return object_remember(file, key);
	entry_met(TABLE_objects, &value->state);
	if (is_still(file, key)) {
		describe(file, key, value);
		described(value);
	}
	return 0;
}

__noinline int object_count_queued(const struct flow_key *flow, __u64 file)
{
	struct object_key key = {};
	struct object_value *value;
	__s64 depth;

	if (!flow)
		return 0;
	key.object = flow->object;
	key.aux = flow->aux;
	key.mechanism = flow->mechanism;
	value = bpf_map_lookup_elem(&objects, &key);
	depth = mqueue_depth(file, key.object);
	if (!value || depth < 0)
		return 0;
	value->queued = depth;
	if (value->max_queued < value->queued)
		value->max_queued = value->queued;
	entry_met(TABLE_objects, &value->state);
	return 0;
}

TABLE_DELETE(objects, struct object_key)
