/* SPDX-License-Identifier: GPL-2.0 */
/* Every way in which splice, tee, vmsplice and sendfile can end, each worker on channels of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib_edges.h"

#define NONBLOCK SPLICE_F_NONBLOCK

struct pipe_ends {
	struct truth_channel *channel;
	int fds[2];
};

/* Not a constant, or the compiler would refuse the calls that are meant to fail. */
static void *volatile unmapped = (void *)8;
static char data[65536];
static int file_fd, null_fd;

static bool fails(ssize_t result, int error)
{
	return result < 0 && errno == error;
}

static struct pipe_ends new_pipe(void)
{
	struct pipe_ends ends;

	edges_expect(!pipe(ends.fds), "pipe");
	ends.channel = truth_file_channel("pipe", ends.fds[0]);
	return ends;
}

static void close_pipe(const struct pipe_ends *ends)
{
	close(ends->fds[0]);
	close(ends->fds[1]);
}

static void fill(const struct pipe_ends *ends, size_t size)
{
	edges_expect(SEND(ends->channel, write(ends->fds[1], data, size)) == (ssize_t)size, "write");
}

static void drain(const struct pipe_ends *ends, size_t size)
{
	char buffer[65536];

	edges_expect(RECEIVE(ends->channel, read(ends->fds[0], buffer, size)) == (ssize_t)size, "read");
}

/* None of these calls sleeps: it does not matter which end the time would belong to. */
static ssize_t move(const struct pipe_ends *from, const struct pipe_ends *to, size_t size, unsigned flags)
{
	return MOVE(from->channel, to->channel, RECEIVED,
		    splice(from->fds[0], NULL, to->fds[1], NULL, size, flags));
}

static ssize_t duplicate(const struct pipe_ends *from, const struct pipe_ends *to, size_t size,
			 unsigned flags)
{
	return DUPLICATE(from->channel, to->channel, RECEIVED, tee(from->fds[0], to->fds[1], size, flags));
}

static void would_block(const struct pipe_ends *a, const struct pipe_ends *b)
{
	struct iovec part = {data, 17};
	off64_t offset = 0;

	for (int i = 0; i < 3; i++)
		edges_expect(fails(move(a, b, 7, NONBLOCK), EAGAIN), "splice from an empty pipe");
	edges_expect(fails(duplicate(a, b, 7, NONBLOCK), EAGAIN), "tee from an empty pipe");
	edges_expect(fails(RECEIVE(a->channel, vmsplice(a->fds[0], &part, 1, NONBLOCK)), EAGAIN), "vmsplice");
	fill(b, sizeof(data));
	fill(a, 23);
	edges_expect(fails(move(a, b, 7, NONBLOCK), EAGAIN), "splice into a full pipe");
	edges_expect(fails(duplicate(a, b, 7, NONBLOCK), EAGAIN), "tee into a full pipe");
	edges_expect(fails(SEND(b->channel, vmsplice(b->fds[1], &part, 1, NONBLOCK)), EAGAIN), "vmsplice");
	edges_expect(fails(SEND(b->channel, splice(file_fd, &offset, b->fds[1], NULL, 7, NONBLOCK)),
			   EAGAIN), "splice of a file");
	drain(b, sizeof(data));
	drain(a, 23);
}

static void partly(const struct pipe_ends *a, const struct pipe_ends *b)
{
	struct iovec parts[2] = {{data, 41}, {data, 43}};
	off_t past_end = 1 << 20;

	fill(a, 23);
	edges_expect(duplicate(a, b, 100, 0) == 23 && duplicate(a, b, 19, 0) == 19, "tee");
	edges_expect(move(a, b, 7, 0) == 7 && move(a, b, 100, 0) == 16, "splice");
	drain(b, 65);
	edges_expect(SEND(a->channel, vmsplice(a->fds[1], parts, 2, 0)) == 84, "vmsplice");
	edges_expect(RECEIVE(a->channel, vmsplice(a->fds[0], parts, 1, 0)) == 41, "short vmsplice");
	edges_expect(RECEIVE(a->channel, splice(a->fds[0], NULL, null_fd, NULL, 100, 0)) == 43, "splice out");
	edges_expect(move(a, b, 0, 0) == 0 && duplicate(a, b, 0, 0) == 0, "nothing asked for");
	edges_expect(SEND(a->channel, vmsplice(a->fds[1], parts, 0, 0)) == 0, "no parts");
	edges_expect(SEND(a->channel, sendfile(a->fds[1], file_fd, NULL, 0)) == 0, "no bytes of a file");
	edges_expect(SEND(a->channel, sendfile(a->fds[1], file_fd, &past_end, 7)) == 0, "end of file");
	errno = 0;
	edges_expect(splice(-1, NULL, 1000, NULL, 0, 0) == 0, "no descriptors");
}

static void fail(const struct pipe_ends *a, const struct pipe_ends *b)
{
	struct iovec bad = {unmapped, 17};
	off64_t offset = 0;

	fill(a, 23);
	edges_expect(fails(MOVE(a->channel, a->channel, RECEIVED,
				splice(a->fds[0], NULL, a->fds[1], NULL, 7, 0)), EINVAL), "onto itself");
	edges_expect(fails(DUPLICATE(a->channel, a->channel, RECEIVED,
				     tee(a->fds[0], a->fds[1], 7, 0)), EINVAL), "tee onto itself");
	edges_expect(fails(move(a, b, 7, 1 << 20), EINVAL), "unknown flags");
	edges_expect(fails(MOVE(a->channel, b->channel, RECEIVED,
				splice(a->fds[0], &offset, b->fds[1], NULL, 7, 0)), ESPIPE), "offset");
	edges_expect(fails(MOVE(a->channel, b->channel, RECEIVED,
				splice(a->fds[1], NULL, b->fds[1], NULL, 7, 0)), EBADF), "wrong end");
	edges_expect(fails(MOVE(a->channel, NULL, RECEIVED, splice(a->fds[0], NULL, -1, NULL, 7, 0)), EBADF),
		     "no output");
	edges_expect(fails(MOVE(NULL, b->channel, SENT, tee(1000, b->fds[1], 7, 0)), EBADF), "no input");
	edges_expect(fails(MOVE(a->channel, b->channel, RECEIVED,
				sendfile(b->fds[1], a->fds[0], NULL, 7)), EINVAL), "sendfile of a pipe");
	edges_expect(fails(SEND(b->channel, splice(file_fd, unmapped, b->fds[1], NULL, 7, 0)), EFAULT),
		     "splice EFAULT");
	edges_expect(fails(SEND(b->channel, sendfile(b->fds[1], file_fd, unmapped, 7)), EFAULT),
		     "sendfile EFAULT");
	edges_expect(fails(SEND(b->channel, vmsplice(b->fds[1], &bad, 1, 0)), EFAULT), "vmsplice EFAULT");
	edges_expect(fails(SEND(b->channel, vmsplice(b->fds[1], unmapped, 1, 0)), EFAULT), "vector EFAULT");
	edges_expect(fails(SEND(b->channel, vmsplice(b->fds[1], &bad, 1 << 20, 0)), EINVAL), "too long");
	edges_expect(fails(RECEIVE(a->channel, vmsplice(a->fds[0], &bad, 1, 0)), EFAULT), "read EFAULT");
	edges_expect(fails(vmsplice(null_fd, &bad, 1, 0), EBADF) || errno == EFAULT, "no pipe at all");
	edges_expect(fails(splice(file_fd, NULL, null_fd, NULL, 7, 0), EINVAL), "no pipe among them");
	drain(a, 23);
}

/* The ends go: input without writers, output without readers. */
static void ends_that_go(void)
{
	struct pipe_ends a = new_pipe(), b = new_pipe(), broken = new_pipe();
	struct iovec part = {data, 17};
	off_t offset = 0;

	fill(&a, 29);
	close(a.fds[1]);
	close(broken.fds[0]);
	for (int i = 0; i < 3; i++)
		edges_expect(fails(move(&a, &broken, 7, 0), EPIPE), "splice EPIPE");
	edges_expect(fails(duplicate(&a, &broken, 7, 0), EPIPE), "tee EPIPE");
	edges_expect(fails(SEND(broken.channel, vmsplice(broken.fds[1], &part, 1, 0)), EPIPE), "EPIPE");
	edges_expect(fails(SEND(broken.channel, sendfile(broken.fds[1], file_fd, &offset, 7)), EPIPE),
		     "sendfile EPIPE");
	edges_expect(move(&a, &b, 100, 0) == 29, "the rest");
	edges_expect(move(&a, &b, 100, 0) == 0 && duplicate(&a, &b, 100, 0) == 0, "end of input");
	edges_expect(RECEIVE(a.channel, vmsplice(a.fds[0], &part, 1, 0)) == 0, "end of input");
	drain(&b, 29);
	close(a.fds[0]);
	close(broken.fds[1]);
	close_pipe(&b);
}

static void socket_ends(void)
{
	struct pipe_ends a = new_pipe(), b = new_pipe();
	struct iovec part = {data, 7};
	struct truth_channel *channel;
	off_t offset = 0;
	int pair[2];

	edges_expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	channel = truth_pair_channel("unix-stream", pair[0], pair[1]);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	edges_expect(fails(MOVE(channel, b.channel, RECEIVED,
				splice(pair[1], NULL, b.fds[1], NULL, 7, 0)), EAGAIN), "empty socket");
	fill(&a, 31);
	edges_expect(MOVE(a.channel, channel, SENT, splice(a.fds[0], NULL, pair[0], NULL, 100, 0)) == 31,
		     "in");
	edges_expect(fails(SEND(channel, vmsplice(pair[0], &part, 1, 0)), EBADF), "vmsplice");
	shutdown(pair[0], SHUT_WR);
	edges_expect(MOVE(channel, b.channel, RECEIVED, splice(pair[1], NULL, b.fds[1], NULL, 100, 0)) == 31,
		     "out");
	edges_expect(MOVE(channel, b.channel, RECEIVED, splice(pair[1], NULL, b.fds[1], NULL, 100, 0)) == 0,
		     "end of the socket");
	edges_expect(fails(MOVE(b.channel, channel, SENT,
				splice(b.fds[0], NULL, pair[0], NULL, 7, 0)), EPIPE), "EPIPE");
	edges_expect(fails(SEND(channel, sendfile(pair[0], file_fd, &offset, 7)), EPIPE), "sendfile EPIPE");
	drain(&b, 31);
	close(pair[0]);
	close(pair[1]);
	close_pipe(&a);
	close_pipe(&b);
}

/* Empty ones too: a result of 0 is a message that was taken, and none that was sent. */
static void datagrams(struct truth_channel *channel, int one, int other)
{
	struct pipe_ends a = new_pipe(), b = new_pipe();

	fill(&a, 37);
	edges_expect(MOVE(a.channel, channel, SENT, splice(a.fds[0], NULL, one, NULL, 37, 0)) == 37,
		     "datagram");
	edges_expect(SEND(channel, send(one, data, 0, 0)) == 0, "empty datagram");
	edges_expect(MOVE(channel, b.channel, RECEIVED, splice(other, NULL, b.fds[1], NULL, 4096, 0)) == 37,
		     "datagram");
	edges_expect(MOVE(channel, b.channel, RECEIVED, splice(other, NULL, b.fds[1], NULL, 4096, 0)) == 0,
		     "empty datagram");
	fcntl(other, F_SETFL, O_NONBLOCK);
	edges_expect(fails(MOVE(channel, b.channel, RECEIVED,
				splice(other, NULL, b.fds[1], NULL, 4096, 0)), EAGAIN), "no datagram");
	edges_expect(DUPLICATE(channel, b.channel, RECEIVED, splice(other, NULL, b.fds[1], NULL, 0, 0)) == 0,
		     "no bytes");
	close(a.fds[1]);
	edges_expect(MOVE(a.channel, channel, SENT, splice(a.fds[0], NULL, one, NULL, 37, 0)) == 0,
		     "nothing to send");
	drain(&b, 37);
	close(a.fds[0]);
	close_pipe(&b);
	close(one);
	close(other);
}

static void unix_datagrams(int type, const char *kind)
{
	int pair[2];

	edges_expect(!socketpair(AF_UNIX, type, 0, pair), "socketpair");
	datagrams(truth_pair_channel(kind, pair[0], pair[1]), pair[0], pair[1]);
}

static void edges(void *unused)
{
	struct pipe_ends a = new_pipe(), b = new_pipe();

	(void)unused;
	would_block(&a, &b);
	partly(&a, &b);
	fail(&a, &b);
	close_pipe(&a);
	close_pipe(&b);
	ends_that_go();
	socket_ends();
	unix_datagrams(SOCK_DGRAM, "unix-dgram");
	unix_datagrams(SOCK_SEQPACKET, "unix-seqpacket");
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	file_fd = memfd_create("splice", MFD_CLOEXEC);
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	edges_expect(file_fd >= 0 && null_fd >= 0 && !ftruncate(file_fd, 8192), "files");
	for (unsigned i = 0; i < truth_options.threads; i++)
		truth_worker(0, edges, NULL, -1);
	truth_serve();
}
