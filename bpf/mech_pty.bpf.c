// SPDX-License-Identifier: GPL-2.0
/*
 * Pseudoterminals (Unix 98): the master's end and the slave's, by the slave's number in its devpts.
 * Other terminals are devices, not channels.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel.bpf.h"
#include "mechanisms.bpf.h"

/* include/uapi/linux/major.h, include/linux/kdev_t.h */
#define UNIX98_PTY_MASTER_MAJOR 128
#define UNIX98_PTY_SLAVE_MAJOR 136
#define TTYAUX_MAJOR 5
#define MINOR_BITS 20
#define MINOR_MASK ((1U << MINOR_BITS) - 1)
#define DEVICE(major, minor) ((major) << MINOR_BITS | (minor))
#define DEVICE_TTY DEVICE(TTYAUX_MAJOR, 0)  /* the controlling terminal */
#define DEVICE_PTMX DEVICE(TTYAUX_MAJOR, 2) /* every master */

/* The device says nothing of which terminal it is, nor does the file system of which devpts. */
static __always_inline enum mechanism identify_by_terminal(struct file *file, struct object_key *key)
{
	struct tty_file_private *behind =
		KERNEL_POINTER(struct tty_file_private, KERNEL_READ(file, private_data));
	struct tty_struct *tty = KERNEL_READ(behind, tty), *master = tty;
	struct tty_driver *driver = KERNEL_READ(tty, driver);
	struct super_block *super;
	struct pts_fs_info *devpts;

	key->object = (__u32)KERNEL_READ(tty, index);
	switch (KERNEL_READ(driver, major)) {
	case UNIX98_PTY_MASTER_MAJOR:
		key->object |= PTY_MASTER;
		break;
	case UNIX98_PTY_SLAVE_MAJOR:
		master = KERNEL_READ(tty, link);
		break;
	default:
		return MECH_NONE;
	}
	/* Unlike the slave's, the master's link to its devpts is kept until both ends are closed. */
	devpts = KERNEL_POINTER(struct pts_fs_info, KERNEL_READ(master, driver_data));
	super = KERNEL_READ(devpts, sb);
	key->aux = KERNEL_READ(super, s_dev);
	return MECH_PTY;
}

__hidden enum mechanism pty_identify(struct file *file, struct inode *inode, struct object_key *key)
{
	dev_t device = KERNEL_READ(inode, i_rdev);
	struct super_block *super;

	if (!bpf_core_type_exists(struct pts_fs_info)) /* CONFIG_UNIX98_PTYS */
		return MECH_NONE;
	if (device >> MINOR_BITS == UNIX98_PTY_SLAVE_MAJOR) {
		/* Nowhere but in its devpts can it be opened (devpts_get_priv() in fs/devpts/inode.c). */
		super = KERNEL_READ(inode, i_sb);
		key->object = device & MINOR_MASK;
		key->aux = KERNEL_READ(super, s_dev);
		return MECH_PTY;
	}
	if (device == DEVICE_PTMX || device == DEVICE_TTY)
		return identify_by_terminal(file, key);
	return MECH_NONE;
}
