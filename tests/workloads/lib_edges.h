/* SPDX-License-Identifier: GPL-2.0 */
/* Every way a call on a socket can end, in one thread, for both families of sockets. */
#ifndef LIB_EDGES_H
#define LIB_EDGES_H

#include "lib_truth.h"

/* Two sockets connected to each other; closes both. */
void edges_run(struct truth_channel *channel, int one, int other);

/* Parts of it, for what does not end in all of these ways: receives from ONE that find nothing; */
void edges_would_block(struct truth_channel *channel, int one);
/* sends to OTHER until nothing fits any more, and receives until nothing is left; */
void edges_fill_and_drain(struct truth_channel *channel, int one, int other);
/* receives that leave the message where it is; */
void edges_look(struct truth_channel *channel, int one, int other);
/* ONE sends no more. */
void edges_end_of_file(struct truth_channel *channel, int one, int other);

/* Ends the program with WHAT when a call did not end as it should. */
void edges_expect(bool truth, const char *what);

/* A child stops the whole process, for as short a while as it can. */
void edges_stop_and_continue(void);

#endif
