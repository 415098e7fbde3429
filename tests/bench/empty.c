// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the programs of empty.bpf.o attached until its standard input ends. Says "attached" when they are.
 *
 *   empty [FILE.bpf.o]     default: empty.bpf.o beside the program
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int attach_all(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		/* The link lives as long as the process; the kernel takes it down at exit. */
		if (!bpf_program__attach(program))
			return -errno;
	}
	return 0;
}

static int object_path(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);

	if (length < 0)
		return -errno;
	path[length] = '\0';
	if ((size_t)length + sizeof(".bpf.o") > size)
		return -ENAMETOOLONG;
	snprintf(path + length, size - length, ".bpf.o");
	return 0;
}

int main(int argc, char **argv)
{
	char beside[PATH_MAX];
	const char *path = argc > 1 ? argv[1] : beside;
	struct bpf_object *object;
	char byte;
	int error = 0;

	if (argc <= 1)
		error = object_path(beside, sizeof(beside));
	object = error ? NULL : bpf_object__open_file(path, NULL);
	if (!object)
		error = error ? error : -errno;
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = attach_all(object);
	if (error) {
		fprintf(stderr, "empty: cannot attach: error %d\n", -error);
		return 1;
	}
	printf("attached\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
