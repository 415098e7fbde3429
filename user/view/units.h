/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures for people: three significant digits and a unit, at most seven characters.
 * Prefixes are decimal (1 KB = 1000 bytes). Text goes into a buffer of UNIT_TEXT_SIZE.
 */
#ifndef IPCTRACE_UNITS_H
#define IPCTRACE_UNITS_H

#include <stdint.h>

#define UNIT_TEXT_SIZE 24

/* "0", "17", "0.50", "12.3K", "1.20M" */
void format_count(char *text, double count);

/* "0", "17B", "12.3KB", "1.20MB" */
void format_bytes(char *text, double bytes);

/* "0", "850ns", "3.41us", "12.3ms", "123s", "16m40s", "2h46m", "4d03h" */
void format_duration(char *text, uint64_t duration_ns);

/* "13:05:59", of a wall clock, where we are */
void format_clock(char *text, uint64_t clock_ns);

/* Of 1: "0%", "<0.1%", "98.3%", "312%" (several threads add up) */
void format_share(char *text, double share);

#endif
