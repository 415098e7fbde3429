/* SPDX-License-Identifier: GPL-2.0 */
/* FIFOs in a directory of their own that is gone again before any work is done. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_lane.h"

int main(int argc, char **argv)
{
	struct lane *lanes;
	char directory[] = "/tmp/ipctrace-fifo-XXXXXX", path[64];
	int read_fd = -1, write_fd = -1;

	truth_options_parse(argc, argv);
	lanes = calloc(truth_options.threads, sizeof(*lanes));
	if (!mkdtemp(directory))
		truth_die("mkdtemp");
	for (unsigned i = 0; i < truth_options.threads; i++) {
		bool joins = i > 0 && truth_options.shared;

		if (!joins) {
			snprintf(path, sizeof(path), "%s/fifo-%u", directory, i);
			if (mkfifo(path, 0600))
				truth_die("mkfifo");
			read_fd = open(path, O_RDONLY | O_NONBLOCK);
			write_fd = open(path, O_WRONLY);
			fcntl(read_fd, F_SETFL, 0);
			unlink(path);
		}
		lanes[i] = (struct lane){.send_fd = write_fd, .receive_fd = read_fd,
					 .small = truth_options.shared};
		lanes[i].channel = joins ? lanes[0].channel : truth_file_channel("fifo", read_fd);
		lane_prepare(&lanes[i]);
		if (joins)
			lane_join(&lanes[i], &lanes[0]);
		lane_add(&lanes[i]);
	}
	rmdir(directory);
	truth_serve();
}
