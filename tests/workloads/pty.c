/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pseudoterminals in raw mode, both ways: one for each pair of threads or one for all. Variant "edges": every
 * way a call can end, the line discipline, hangups and the controlling terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "lib_edges.h"
#include "lib_lane.h"

struct pty {
	struct truth_channel *channel;
	int master, slave;
	char name[32]; /* of the slave */
};

static void set_mode(const struct pty *pty, bool raw, unsigned least, unsigned tenths)
{
	struct termios mode;

	edges_expect(!tcgetattr(pty->slave, &mode), "tcgetattr");
	if (raw) {
		cfmakeraw(&mode);
		mode.c_cc[VMIN] = least;
		mode.c_cc[VTIME] = tenths;
	} else {
		mode.c_lflag |= ICANON | ECHO;
		mode.c_iflag |= ICRNL;
		mode.c_oflag |= OPOST | ONLCR;
	}
	edges_expect(!tcsetattr(pty->slave, TCSANOW, &mode), "tcsetattr");
}

static struct pty open_pty(void)
{
	struct pty pty = {.master = posix_openpt(O_RDWR | O_NOCTTY)};

	edges_expect(pty.master >= 0 && !grantpt(pty.master) && !unlockpt(pty.master), "posix_openpt");
	edges_expect(!ptsname_r(pty.master, pty.name, sizeof(pty.name)), "ptsname_r");
	pty.slave = open(pty.name, O_RDWR | O_NOCTTY);
	edges_expect(pty.slave >= 0, pty.name);
	set_mode(&pty, true, 1, 0);
	pty.channel = truth_named_channel("pty", pty.name);
	return pty;
}

static void open_lanes(void)
{
	struct lane *lanes = calloc(truth_options.threads, sizeof(*lanes));
	struct pty pty = {0};

	for (unsigned i = 0; i < truth_options.threads; i++) {
		struct lane *lane = &lanes[i];
		bool joins = i > 0 && truth_options.shared;

		if (!joins)
			pty = open_pty();
		*lane = (struct lane){.send_fd = pty.master, .receive_fd = pty.slave, .channel = pty.channel,
				      .small = truth_options.shared, .duplex = true};
		lane_prepare(lane);
		if (joins)
			lane_join(lane, &lanes[0]);
		lane_add(lane);
	}
}

static ssize_t put(const struct pty *pty, int fd, const char *text)
{
	return SEND(pty->channel, write(fd, text, strlen(text)));
}

static ssize_t take(const struct pty *pty, int fd)
{
	char data[8192];

	return RECEIVE(pty->channel, read(fd, data, sizeof(data)));
}

/* In as many calls as it takes: a kernel thread carries the data over. */
static void take_all(const struct pty *pty, int fd, size_t size)
{
	char data[64];
	ssize_t got;

	for (; size; size -= got) {
		got = RECEIVE(pty->channel, read(fd, data, size));
		edges_expect(got > 0, "read");
	}
}

static void not_blocking(const struct pty *pty, bool on)
{
	fcntl(pty->master, F_SETFL, on ? O_NONBLOCK : 0);
	fcntl(pty->slave, F_SETFL, on ? O_NONBLOCK : 0);
}

/* Full, partly written, drained, empty: from one end to the other. */
static void fill_and_drain(const struct pty *pty, int from, int to)
{
	static const char data[100003];

	for (int i = 0; i < 5; i++)
		edges_expect(take(pty, to) < 0 && errno == EAGAIN, "empty");
	while (SEND(pty->channel, write(from, data, sizeof(data))) > 0)
		;
	edges_expect(errno == EAGAIN, "full");
	do {
		while (take(pty, to) > 0)
			;
		truth_sleep_ms(3);
	} while (take(pty, to) > 0);
	edges_expect(errno == EAGAIN, "drained");
}

static void fail(const struct pty *pty, int fd, int other)
{
	static void *volatile unmapped = (void *)8;
	struct iovec bad = {unmapped, 17};
	char data[64] = "";

	edges_expect(SEND(pty->channel, write(fd, unmapped, 23)) < 0 && errno == EFAULT, "write EFAULT");
	edges_expect(SEND(pty->channel, writev(fd, &bad, 1)) < 0 && errno == EFAULT, "writev EFAULT");
	edges_expect(put(pty, other, "lost") == 4, "write");
	edges_expect(RECEIVE(pty->channel, read(fd, unmapped, 23)) < 0 && errno == EFAULT, "read EFAULT");
	edges_expect(RECEIVE(pty->channel, pread(fd, data, 1, 0)) < 0 && errno == ESPIPE, "pread");
	edges_expect(SEND(pty->channel, pwrite(fd, data, 1, 0)) < 0 && errno == ESPIPE, "pwrite");
	edges_expect(SEND(pty->channel, write(fd, data, 0)) == 0, "empty write");
	edges_expect(RECEIVE(pty->channel, read(fd, data, 0)) == 0, "empty read");
}

/* A line: what arrives is not what was sent, and comes back as an echo. */
static void line_discipline(const struct pty *pty)
{
	set_mode(pty, false, 0, 0);
	edges_expect(put(pty, pty->master, "abx") == 3, "part of a line");
	edges_expect(put(pty, pty->master, "\177c\r") == 3, "rest of a line");
	edges_expect(take(pty, pty->slave) == 4, "the line, corrected");
	take_all(pty, pty->master, strlen("abx\b \bc\r\n"));
	edges_expect(put(pty, pty->slave, "one\ntwo\n") == 8, "two lines");
	take_all(pty, pty->master, strlen("one\r\ntwo\r\n"));
	edges_expect(put(pty, pty->master, "\004") == 1, "end of file");
	edges_expect(take(pty, pty->slave) == 0, "end of file");
	set_mode(pty, true, 0, 1);
	edges_expect(take(pty, pty->slave) == 0, "nothing in 100 ms");
	set_mode(pty, true, 1, 0);
}

static void hang_up(struct pty *pty)
{
	close(pty->slave);
	for (int i = 0; i < 3; i++)
		edges_expect(take(pty, pty->master) < 0 && errno == EIO, "EIO without a slave");
	pty->slave = open(pty->name, O_RDWR | O_NOCTTY);
	edges_expect(pty->slave >= 0, "reopen");
	edges_expect(put(pty, pty->slave, "again") == 5, "again");
	take_all(pty, pty->master, 5);
	close(pty->master);
	edges_expect(take(pty, pty->slave) == 0, "end of file without a master");
	for (int i = 0; i < 3; i++)
		edges_expect(put(pty, pty->slave, "nobody") < 0 && errno == EIO, "EIO without a master");
}

static void edges(void *argument)
{
	struct pty *pty = argument;

	not_blocking(pty, true);
	fill_and_drain(pty, pty->master, pty->slave);
	fill_and_drain(pty, pty->slave, pty->master);
	not_blocking(pty, false);
	fail(pty, pty->master, pty->slave);
	fail(pty, pty->slave, pty->master);
	line_discipline(pty);
	hang_up(pty);
}

/* The slave by another name, and other character devices. */
static void controlling(void *argument)
{
	struct pty *pty = argument;
	int terminal = open("/dev/tty", O_RDWR), null = open("/dev/null", O_RDWR);
	char data[64] = "";

	edges_expect(terminal >= 0 && null >= 0, "/dev/tty");
	edges_expect(put(pty, terminal, "question?") == 9, "question");
	take_all(pty, pty->master, 9);
	edges_expect(put(pty, pty->master, "answer") == 6, "answer");
	take_all(pty, terminal, 6);
	edges_expect(write(null, data, sizeof(data)) == sizeof(data) && !read(null, data, 5), "/dev/null");
	close(terminal);
	close(null);
}

/* One for the process: it becomes the leader of a session of its own. */
static void open_controlling(void)
{
	static struct pty pty;

	edges_expect(setsid() > 0, "setsid");
	pty = open_pty();
	edges_expect(!ioctl(pty.slave, TIOCSCTTY, 0), "TIOCSCTTY");
	truth_worker(0, controlling, &pty, -1);
}

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	if (truth_options.variant && !strcmp(truth_options.variant, "edges")) {
		struct pty *ptys = calloc(truth_options.threads, sizeof(*ptys));

		for (unsigned i = 0; i < truth_options.threads; i++) {
			ptys[i] = open_pty();
			truth_worker(0, edges, &ptys[i], -1);
		}
		open_controlling();
	} else {
		open_lanes();
	}
	truth_serve();
}
