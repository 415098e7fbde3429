/* SPDX-License-Identifier: GPL-2.0 */
/* */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib_uring.h"

int main(int argc, char **argv)
{
	truth_options_parse(argc, argv);
	truth_serve();
}
