/* SPDX-License-Identifier: GPL-2.0 */
/* Single messages by io_uring, with every opcode that fits. */
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib_uring.h"

ssize_t uring_send(int fd, bool is_socket, void *data, size_t size, struct uring_address address, unsigned how)
{
	struct uring *ring = uring_own(truth_options.uring);
	struct iovec parts[2] = {{data, size / 3}, {(char *)data + size / 3, size - size / 3}};
	struct msghdr message = {.msg_name = (void *)address.to, .msg_namelen = address.length,
				 .msg_iov = parts, .msg_iovlen = 2};
	struct io_uring_sqe *request;

	if (!is_socket || (!address.to && size > 0 && how % 4 < 2)) {
		if (truth_options.uring == URING_FIXED)
			request = uring_request(ring, IORING_OP_WRITE_FIXED, fd, uring_buffer(ring), size);
		else if (how % 2)
			request = uring_request(ring, IORING_OP_WRITEV, fd, parts, 2);
		else
			request = uring_request(ring, IORING_OP_WRITE, fd, data, size);
		request->off = -1;
	} else if (how % 2 == 0) {
		request = uring_request(ring, IORING_OP_SEND, fd, data, size);
		request->msg_flags = MSG_WAITALL;
		request->addr2 = (uintptr_t)address.to;
		request->addr_len = address.length;
	} else {
		request = uring_request(ring, IORING_OP_SENDMSG, fd, &message, 1);
		request->msg_flags = MSG_WAITALL;
	}
	return uring_finish(ring);
}

ssize_t uring_receive(int fd, bool is_socket, void *data, size_t size, unsigned how)
{
	struct uring *ring = uring_own(truth_options.uring);
	struct iovec parts[2] = {{data, size / 2}, {(char *)data + size / 2, size - size / 2}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	if (is_socket && how % 4 == 2)
		uring_request(ring, IORING_OP_RECV, fd, data, size);
	else if (is_socket && how % 4 == 3)
		uring_request(ring, IORING_OP_RECVMSG, fd, &message, 1);
	else if (truth_options.uring == URING_FIXED)
		uring_request(ring, IORING_OP_READ_FIXED, fd, uring_buffer(ring), size)->off = -1;
	else if (how % 2)
		uring_request(ring, IORING_OP_READV, fd, parts, 2)->off = -1;
	else
		uring_request(ring, IORING_OP_READ, fd, data, size)->off = -1;
	return uring_finish(ring);
}
