/* SPDX-License-Identifier: GPL-2.0 */
/* Stops of the whole process: calls that sleep are interrupted without a handler, and go on. */
#ifndef LIB_STOP_H
#define LIB_STOP_H

/* A child stops this process for as short a while as it can. */
void stop_and_continue(void);

#endif
