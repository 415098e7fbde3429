// SPDX-License-Identifier: GPL-2.0
/*
 * Finds a cgroup's directory and its id.
 */
#include "capture/cgroup.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "targets.h"

/* include/uapi/linux/magic.h */
#define CGROUP_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

/* Where cgroup v2 is mounted. Returns 0, -ENOENT if it is not, or -EOPNOTSUPP if only v1 is. */
static int find_mount(char mount[PATH_MAX])
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[2 * PATH_MAX];
	struct mntent entry;
	int err = -ENOENT;

	while (mounts && err && getmntent_r(mounts, &entry, line, sizeof(line))) {
		if (!strcmp(entry.mnt_type, "cgroup2")) {
			snprintf(mount, PATH_MAX, "%s", entry.mnt_dir);
			err = 0;
		} else if (!strcmp(entry.mnt_type, "cgroup")) {
			err = -EOPNOTSUPP;
			continue;
		}
	}
	if (mounts)
		endmntent(mounts);
	return err;
}

/* Is there a cgroup's directory at PATH? Returns 0, or a negative errno: -EMEDIUMTYPE for one of v1. */
static int look_at(const char *path, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) || stat(path, &st))
		return -errno;
	if (fs.f_type == CGROUP_MAGIC)
		return -EMEDIUMTYPE;
	if (fs.f_type != CGROUP2_MAGIC)
		return -EINVAL;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	*id = st.st_ino;
	return 0;
}

/* How deep PATH lies, counted from the root of the file system. */
static unsigned depth(const char *path)
{
	unsigned names = 0;

	for (; *path; path++)
		names += path[0] == '/' && path[1] && path[1] != '/';
	return names;
}

static int refuse(const char *name, const char *mount, int err, char *error, size_t size)
{
	if (err == -EMEDIUMTYPE)
		snprintf(error, size, "'%s' is a cgroup of v1: give one of cgroup v2, which is at %s", name, mount);
	else if (err == -EINVAL || err == -ENOTDIR)
		snprintf(error, size, "'%s' is no cgroup: give a directory under %s", name, mount);
	else if (err == -ENAMETOOLONG || err == -E2BIG)
		snprintf(error, size, "the path of the cgroup is too long: give one at most %d levels deep", CGROUP_LEVELS);
	else if (err == -ENOENT)
		snprintf(error, size, "there is no cgroup '%s' under %s: see /proc/PID/cgroup for a process's", name, mount);
	else
		snprintf(error, size, "cannot look at the cgroup '%s': %s", name, strerror(-err));
	return err;
}

int cgroup_find(const char *name, struct cgroup *cgroup, char *error, size_t size)
{
	char mount[PATH_MAX], path[2 * PATH_MAX];
	int err = find_mount(mount), own;

	if (err) {
		snprintf(error, size, err == -EOPNOTSUPP
			 ? "only cgroup v1 is mounted, --cgroup takes v2: mount -t cgroup2 cgroup2 DIRECTORY, or give "
			   "-p, -c or -a"
			 : "cgroup v2 is not mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup, or give -p, -c or -a");
		return err;
	}
	snprintf(path, sizeof(path), "%s", name);
	err = name[0] == '/' ? look_at(path, &cgroup->id) : -ENOENT;
	if (err && err != -EMEDIUMTYPE) {
		snprintf(path, sizeof(path), "%s%s%s", mount, name[0] == '/' ? "" : "/", name);
		own = look_at(path, &cgroup->id);
		if (!own || err == -ENOENT)
			err = own;
	}
	if (!err && strlen(path) >= sizeof(cgroup->path))
		err = -ENAMETOOLONG;
	if (!err && depth(path) - depth(mount) >= CGROUP_LEVELS)
		err = -E2BIG;
	if (err)
		return refuse(name, mount, err, error, size);
	memcpy(cgroup->path, path, strlen(path) + 1);
	return 0;
}

bool cgroup_is_gone(const struct cgroup *cgroup)
{
	struct stat st;

	return stat(cgroup->path, &st) ? errno == ENOENT : st.st_ino != cgroup->id;
}
