// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory: what is behind the file of a shared mapping. All of it is a file to the kernel, anonymous
 * memory and System V segments too; which file system it belongs to tells the kind.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFREG 0100000

/* include/uapi/linux/magic.h */
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define ANON_INODE_FS_MAGIC 0x09041934
#define DMA_BUF_MAGIC 0x444d4142
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

#define SB_KERNMOUNT (1UL << 22) /* include/linux/fs.h: nobody can see this mount */

static const char name_of_segments[] = "SYSV"; /* newseg() in ipc/shm.c, the key follows */

static __always_inline enum memory memory_of(struct super_block *super)
{
	switch (KERNEL_READ(super, s_magic)) {
	case TMPFS_MAGIC:
	case HUGETLBFS_MAGIC:
		return (KERNEL_READ(super, s_flags) & SB_KERNMOUNT) ? MEMORY_KERNEL : MEMORY_TMPFS;
	case ANON_INODE_FS_MAGIC: /* regular files in 6.15 and 6.16 */
	case DMA_BUF_MAGIC:
	case OVERLAYFS_SUPER_MAGIC: /* maps the file below in its place */
		return MEMORY_NONE;
	default:
		return MEMORY_FILE;
	}
}

static __always_inline bool is_named_segment(struct file *file)
{
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);
	char name[sizeof(name_of_segments)] = {};

	bpf_probe_read_kernel(name, sizeof(name), KERNEL_READ(dentry, d_name.name));
	for (__u32 i = 0; i < sizeof(name) - 1; i++)
		if (name[i] != name_of_segments[i])
			return false;
	return true;
}

/* A System V segment is a file of its own for each time it is attached, and a number in an IPC namespace. */
static __always_inline void identify_segment(struct file *file, struct object_key *key)
{
	struct shm_file_data *data;
	struct ipc_namespace *namespace;

	if (!bpf_core_type_exists(struct shm_file_data) || !is_named_segment(file))
		return;
	data = KERNEL_POINTER(struct shm_file_data, KERNEL_READ(file, private_data));
	if (KERNEL_READ(data, id) != (int)key->object)
		return;
	namespace = KERNEL_READ(data, ns);
	key->aux = KERNEL_READ(namespace, ns.inum);
	key->mechanism = MECH_SYSV_SHM;
}

static __always_inline __u32 generation_of(struct inode *inode, enum memory memory)
{
	if (memory != MEMORY_FILE || (__u64)KERNEL_READ(inode, i_ino) >> 32)
		return 0;
	return KERNEL_READ(inode, i_generation);
}

__hidden enum memory shm_identify(__u64 address, struct object_key *key)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct super_block *super = KERNEL_READ(inode, i_sb);
	enum memory memory;

	if ((KERNEL_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return MEMORY_NONE;
	memory = memory_of(super);
	key->object = KERNEL_READ(inode, i_ino) | (__u64)generation_of(inode, memory) << 32;
	key->aux = KERNEL_READ(super, s_dev);
	key->mechanism = MECH_SHM;
	if (memory == MEMORY_KERNEL)
		identify_segment(file, key);
	return (wanted_mechanisms & (1U << (key->mechanism & 31))) ? memory : MEMORY_NONE;
}

__hidden int shm_describe(__u64 address, enum memory memory, struct object_value *value)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct dentry *dentry = KERNEL_READ(file, f_path.dentry);

	value->described_ns = bpf_ktime_get_ns();
	value->memory = memory;
	value->generation = generation_of(inode, memory);
	value->capacity = KERNEL_READ(inode, i_size);
	bpf_probe_read_kernel_str(value->name, sizeof(value->name), KERNEL_READ(dentry, d_name.name));
	return 0;
}

__hidden int shm_shares(__u64 address, enum memory memory)
{
	struct file *file = KERNEL_POINTER(struct file, address);
	struct inode *inode = KERNEL_READ(file, f_inode);
	struct address_space *mapping = KERNEL_READ(inode, i_mapping);

	/* So many shared mappings are there of which the file was opened for writing, too. */
	return memory != MEMORY_FILE || KERNEL_READ(mapping, i_mmap_writable.counter) > 0;
}
