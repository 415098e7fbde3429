// SPDX-License-Identifier: GPL-2.0
/*
 * ipctrace: who talks to whom on this system, over what, how much, and who waits. Wires only.
 */
#include <locale.h>
#include <signal.h>

#include "commands.h"

static int (*const commands[])(const struct options *options) = {
	[COMMAND_LIVE] = cmd_live,
	[COMMAND_CHECK] = cmd_check,
};

int main(int argc, char **argv)
{
	static struct options options;
	int status;

	/* Only for the width of characters: numbers look the same everywhere. */
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	status = cli_parse(argc, argv, &options);
	return status ? status : commands[options.command](&options);
}
