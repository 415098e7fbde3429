// SPDX-License-Identifier: GPL-2.0
/*
 * The default command: attaches, then shows an interval at a time, then the whole run.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "capture/privileges.h"
#include "capture/process_check.h"
#include "capture/session.h"
#include "capture/spawn.h"
#include "capture/target_text.h"
#include "capture/watch.h"
#include "commands.h"
#include "view/escape.h"
#include "view/screen.h"

/* The kernel's slots are 32 bits wide: they are read before they can have wrapped twice. */
#define LONGEST_PERIOD_NS 60000000000ULL
#define KEY_WAIT_MS 50
#define ROOM_LOOK_NS 50000000ULL

struct live {
	const struct options *options;
	struct view_options view; /* the header of a CSV table is printed once */
	uint64_t begin_ns; /* CLOCK_MONOTONIC when the program began */
	struct session *session;
	struct spawn spawn;
	bool has_spawn;
	struct watch *watch;
	struct model *model;
	struct screen *screen;
	char title[TARGET_TEXT_SIZE];
	FILE *out;
	enum watch_event ended_by;
	bool out_gone; /* nobody reads any more */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int open_output(struct live *live)
{
	int fd;

	live->out = stdout;
	if (!live->options->output)
		return 0;
	/* What is there is kept until there is something to put in its place. */
	fd = open(live->options->output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	live->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (live->out)
		return 0;
	complain("cannot write to %s: %s", live->options->output, strerror(errno));
	return -errno;
}

static int check_targets(const struct options *options)
{
	char error[SESSION_ERROR_SIZE];
	int err = 0;

	err = process_check_namespace(error, sizeof(error));
	if (!err && options->target == TARGET_PIDS)
		err = process_check_pids(options->ids, options->id_count, error, sizeof(error));
	else if (!err && options->target == TARGET_TIDS)
		err = process_check_tids(options->ids, options->id_count, error, sizeof(error));
	if (err)
		complain("%s", error);
	return err;
}

static int start_command(struct live *live, char error[SESSION_ERROR_SIZE])
{
	int err;

	live->has_spawn = true;
	err = spawn_start(&live->spawn, live->options->argv, live->options->user);
	if (err) {
		snprintf(error, SESSION_ERROR_SIZE, "%s", live->spawn.error);
		return err;
	}
	return session_arm(live->session, live->spawn.pid, error);
}

/* Everything up to the moment from which on the targets are traced. */
static int attach(struct live *live)
{
	const struct options *options = live->options;
	char error[SESSION_ERROR_SIZE];
	int err;

	err = session_open(&live->session, options, error);
	if (!err)
		err = session_self_test(live->session, error);
	if (!err && options->target == TARGET_COMMAND)
		err = start_command(live, error);
	else if (!err)
		err = session_mark_targets(live->session, options, error);
	if (err) {
		complain("%s", error);
		return err;
	}
	err = watch_open(&live->watch, options, live->has_spawn ? &live->spawn : NULL);
	if (!err)
		err = privileges_drop(session_still_works, live->session);
	if (err) {
		complain("cannot go on after attaching: %s", strerror(-err));
		return err;
	}
	live->model = model_new(now_ns());
	if (!live->model) {
		complain("out of memory");
		return -ENOMEM;
	}
	return 0;
}

/*
 * A command and we share the terminal: the screen is left to the command, and only intervals that
 * were asked for are shown before its end.
 */
static bool shares_terminal(const struct live *live)
{
	return live->has_spawn && !live->options->output && isatty(STDOUT_FILENO);
}

static bool wants_screen(const struct live *live)
{
	return !live->options->quiet && !live->has_spawn && live->out == stdout &&
	       live->options->view.format == FORMAT_TABLE && isatty(STDOUT_FILENO) &&
	       isatty(STDIN_FILENO);
}

static void announce(const struct live *live)
{
	if (live->has_spawn)
		return;
	fputs("ipctrace: tracing ", stderr);
	escape_terminal(stderr, live->title);
	fputc('\n', stderr);
}

static unsigned width_of(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

/* Prints a window. Returns 0 or a negative errno; a reader that has gone is no error. */
static int print(struct live *live, enum window window)
{
	int err;

	if (live->options->quiet || live->out_gone)
		return 0;
	err = views_print(live->out, live->model, window, &live->view, width_of(live->out));
	if (live->view.format == FORMAT_CSV)
		live->view.header = false;
	if (err == -EPIPE) {
		live->out_gone = true;
		return 0;
	}
	if (err)
		complain("cannot write the output: %s", strerror(-err));
	return err;
}

static int snapshot(struct live *live, enum snapshot kind)
{
	int err = session_snapshot(live->session, live->model, kind);

	if (err)
		complain("cannot read the counters: %s", strerror(-err));
	return err;
}

/* Waits until UNTIL_NS, serving the keys of the screen if there is one. */
static enum watch_event wait_on_screen(struct live *live, uint64_t until_ns)
{
	for (;;) {
		uint64_t now = now_ns();
		uint64_t left_ms = until_ns > now ? (until_ns - now + 999999) / 1000000 : 0;
		enum watch_event event;

		switch (screen_wait(live->screen, left_ms > KEY_WAIT_MS ? KEY_WAIT_MS : left_ms)) {
		case SCREEN_QUIT:
			return WATCH_SIGNAL;
		case SCREEN_REDRAW:
			screen_draw(live->screen, live->model);
			break;
		case SCREEN_NOTHING:
			break;
		}
		event = watch_wait(live->watch, 0);
		if (event != WATCH_TIME)
			return event;
		if (now_ns() >= until_ns)
			return WATCH_TIME;
	}
}

/* Waits until UNTIL_NS; takes part of the snapshot before that if the kernel needs room. */
static enum watch_event wait_until(struct live *live, uint64_t until_ns)
{
	for (;;) {
		uint64_t next_ns = now_ns() + ROOM_LOOK_NS;
		enum watch_event event;

		if (next_ns > until_ns)
			next_ns = until_ns;
		event = live->screen ? wait_on_screen(live, next_ns) : watch_wait(live->watch, next_ns);
		if (event != WATCH_TIME || next_ns == until_ns)
			return event;
		/* What goes wrong here goes wrong again, and is said, at the interval's end. */
		if (session_is_crowded(live->session))
			session_snapshot(live->session, live->model, SNAPSHOT_PART);
	}
}

static int show_interval(struct live *live)
{
	if (live->screen)
		return screen_draw(live->screen, live->model);
	if (shares_terminal(live) && !live->options->interval_given)
		return 0;
	return print(live, WINDOW_INTERVAL);
}

/* What remains when the run ends inside an interval, so that the intervals add up to the run. */
static int show_rest(struct live *live)
{
	int err = snapshot(live, SNAPSHOT_WHOLE);

	if (!err && live->options->view.format != FORMAT_TABLE)
		err = print(live, WINDOW_INTERVAL);
	return err;
}

static bool is_over(const struct live *live, uint64_t shown)
{
	if (live->options->count && shown >= live->options->count)
		return true;
	return live->out_gone && !live->has_spawn;
}

/* The end of the run by -d, or the end of time. */
static uint64_t last_moment(const struct live *live)
{
	return live->options->duration_ns ? now_ns() + live->options->duration_ns : UINT64_MAX;
}

/* A first interval of a second or more makes up for the start: its table comes in time. */
#define PRINT_NS 100000000ULL

static uint64_t first_end(const struct live *live, uint64_t interval)
{
	return interval < 1000000000 ? now_ns() + interval : live->begin_ns + interval - PRINT_NS;
}

/*
 * What there is before any interval has passed: channels with both ends, for the screen. What was
 * counted by now belongs to the first interval, which is therefore not begun anew.
 */
static int show_first(struct live *live)
{
	int err;

	if (!live->screen) {
		err = session_find_holders(live->session, live->model);
		if (err)
			complain("cannot list the open channels: %s", strerror(-err));
		return err;
	}
	err = snapshot(live, SNAPSHOT_WHOLE);
	return err ? err : screen_draw(live->screen, live->model);
}

static int run(struct live *live)
{
	const uint64_t interval = live->options->interval_ns < LONGEST_PERIOD_NS || live->options->count
					  ? live->options->interval_ns
					  : LONGEST_PERIOD_NS;
	uint64_t end = last_moment(live), shown = 0;
	uint64_t next = first_end(live, interval);
	int err = show_first(live);

	while (!err && !is_over(live, shown)) {
		uint64_t until = next < end ? next : end;

		live->ended_by = wait_until(live, until);
		if (live->ended_by != WATCH_TIME || until == end)
			return show_rest(live);
		shown++;
		err = snapshot(live, is_over(live, shown) ? SNAPSHOT_WHOLE : SNAPSHOT_QUICK);
		if (!err)
			err = show_interval(live);
		next += interval;
		if (next < now_ns())
			next = now_ns() + interval;
	}
	return err;
}

/* A device or a pipe cannot be cut, and need not be. */
static void empty_output(const struct live *live)
{
	if (live->out != stdout && ftruncate(fileno(live->out), 0) < 0 && errno != EINVAL)
		complain("cannot empty %s: %s", live->options->output, strerror(errno));
}

/* Returns the exit status. */
static int let_go_and_run(struct live *live)
{
	int err = 0;

	if (live->has_spawn && spawn_go(&live->spawn)) {
		complain("%s", live->spawn.error);
		return spawn_exit_status(&live->spawn);
	}
	empty_output(live);
	target_text(live->options, live->title);
	announce(live);
	if (wants_screen(live) && screen_open(&live->screen, live->title, &live->view))
		live->screen = NULL;
	err = run(live);
	screen_close(live->screen);
	live->screen = NULL;
	if (!err)
		err = print(live, WINDOW_RUN);
	return err ? STATUS_RUNTIME_ERROR : STATUS_OK;
}

/* From the terminal Ctrl-C has reached the command, too; other signals are passed on. */
static void pass_on(struct live *live)
{
	int signal = watch_last_signal(live->watch);

	if (signal != SIGINT || !isatty(STDIN_FILENO))
		kill(live->spawn.pid, signal);
}

/*
 * Waits for a command that outlives the measurement; its status is ours. A second signal ends the
 * waiting.
 */
static int command_status(struct live *live)
{
	bool signalled = live->ended_by == WATCH_SIGNAL;

	if (signalled && !spawn_poll(&live->spawn))
		pass_on(live);
	while (spawn_poll(&live->spawn) == 0) {
		if (watch_wait(live->watch, now_ns() + 1000000000) != WATCH_SIGNAL)
			continue;
		if (signalled) {
			complain("the command (pid %d) goes on", live->spawn.pid);
			return 128 + watch_last_signal(live->watch);
		}
		signalled = true;
		pass_on(live);
	}
	return spawn_exit_status(&live->spawn);
}

int cmd_live(const struct options *options)
{
	struct live live = {.options = options, .view = options->view, .begin_ns = now_ns()};
	char error[SESSION_ERROR_SIZE];
	int status = STATUS_RUNTIME_ERROR;

	if (privileges_check(error, sizeof(error))) {
		complain("%s", error);
		return STATUS_RUNTIME_ERROR;
	}
	if (watch_block_signals() < 0)
		return STATUS_RUNTIME_ERROR;
	if (check_targets(options) || open_output(&live))
		return STATUS_RUNTIME_ERROR;
	if (!attach(&live))
		status = let_go_and_run(&live);
	if (live.has_spawn && status == STATUS_OK)
		status = command_status(&live);
	watch_close(live.watch);
	session_close(live.session);
	model_free(live.model);
	if (live.has_spawn)
		spawn_close(&live.spawn);
	if (live.out && live.out != stdout && fclose(live.out)) {
		complain("cannot write to %s: %s", options->output, strerror(errno));
		status = STATUS_RUNTIME_ERROR;
	}
	return status;
}
