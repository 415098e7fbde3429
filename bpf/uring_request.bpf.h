/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to io_uring that are on their way: noted when they are submitted, forgotten when they are complete.
 */
#ifndef IPCTRACE_URING_REQUEST_BPF_H
#define IPCTRACE_URING_REQUEST_BPF_H

#include "kernel.bpf.h"
#include "tables.h"

enum request_flag {
	REQUEST_LOOK = 1 << 0,       /* takes nothing from its input */
	REQUEST_QUEUED = 1 << 1,     /* there was a message in the queue when it was submitted */
	REQUEST_MANY = 1 << 2,       /* completes more than once */
	REQUEST_UNRESOLVED = 1 << 3, /* the file that it reads from is not known */
	REQUEST_FORWARDS = 1 << 4,   /* an end of the input is no message at the output */
};

/* A request on its way, by its kernel address. */
struct request {
	struct process_key process; /* that has submitted it */
	__u32 submitter;            /* and the thread */
	__u32 header_size; /* of what comes before the data that it reports */
	__u64 ring, user_data;
	__u64 entered_ns;  /* as in struct call */
	__u64 destination; /* as in flow_key, 0: none is given */
	__u64 input_file;
	struct object_key input; /* of a request with two files */
	__u32 flags;
	__u32 padding;
};

/* Which way the data of a request goes. */
enum way {
	WAY_NONE,
	WAY_SEND,
	WAY_RECEIVE,
	WAY_BETWEEN, /* from one file to another */
	WAY_CONNECT,
	WAY_UNCOVERED,
};

/* A pointer in kernel memory as a number: the verifier lets us reckon with it and hand it around. */
#define NUMBER_READ(pointer, member)                                                               \
	({                                                                                         \
		__u64 number__ = 0;                                                                \
		bpf_core_read(&number__, sizeof(void *), &(pointer)->member);                      \
		number__;                                                                          \
	})

static __always_inline struct io_kiocb *request_at(__u64 address)
{
	return KERNEL_POINTER(struct io_kiocb, address);
}

/* Which way the request goes, by its opcode. */
enum way uring_way(struct io_kiocb *req);

/* The thread that has submitted it. */
static __always_inline struct task_struct *submitter_of(struct io_kiocb *req)
{
	struct io_uring_task *context;

	if (!bpf_core_field_exists(struct io_uring_task, task))
		return KERNEL_READ(req, task);
	context = KERNEL_READ(req, tctx);
	return KERNEL_READ(context, task);
}

/*
 * Notes the request at ADDRESS of PROCESS and the thread SUBMITTER. AT_SUBMISSION: it has not begun. Global: the
 * verifier looks at it once.
 */
int uring_note(__u64 address, const struct process_key *process, __u32 submitter, __u32 at_submission);

/* What is noted of the request at ADDRESS, or NULL. */
struct request *uring_noted(__u64 address);

/*
 * The address of the request that completes many times and is called USER_DATA on the ring; 0: none is noted.
 * URING_SEVERAL: which one cannot be told.
 */
#define URING_SEVERAL 1
__u64 uring_shot(__u64 ring, __u64 user_data);

int uring_forget(const struct request *request, __u64 address);

#endif
