/* How a kernel tells that it failed: the first thread that does writes this record, the others find it taken. A launch on the CPU
 * has one of its own; on a GPU each module has one in host memory, whose address the loader puts into the module's variable
 * `gj_report` (0: nobody listens), and that is looked at whenever the host has waited for the GPU. */
#ifndef GJ_REPORT_H
#define GJ_REPORT_H

#include <stdint.h>

/* CPU: what a handler keeps of an exception that it has caught (run/cpu/call.c), in words of 64 bits. */
enum { GJ_CAUGHT_WORDS = 18 };

/* Above the place along x of a thread that ran neighbours' work, in a report: threads of a block. */
enum { GJ_REPORT_ROW = 48 };

enum { GJ_REPORT_VALUES = 12 /* indices and extents of as many dimensions as arrays have */ };

typedef enum gj_report_state { GJ_REPORT_NONE, GJ_REPORT_BEGUN, GJ_REPORT_WHOLE } gj_report_state;

typedef struct gj_report {
	uint32_t state;                            /* gj_report_state */
	uint32_t site;                             /* of the image's sites, from first_report on */
	uint32_t block[3], thread[3];
	uint32_t nvalues, unused;
	uint64_t value[GJ_REPORT_VALUES];          /* INDEX: indices, then extents; where a thread runs neighbours, whose place it was (opt/neighbours.c) */
} gj_report;

/* What a kernel prints. A site's template is the line, in which GJ_PRINT_MARK and a letter stand for a number: b bool, i and u
 * integers, f float32, d float64, c and z complex (two numbers); GJ_PRINT_MARK twice for itself. Between { and the next mark
 * stands a number's letter and the format in Python's language (code.h: what stands before it says what of the number is formatted), or s, a text with
 * GJ_TOLD_ONE behind it, and the format; between
 * # and the next mark, and behind an integer's letter, texts, each with GJ_TOLD_ONE behind it, of which it is the number. Numbers are 64 bits, floats as float64.
 * A whole array is several lines: one with [, the letter of its items and a digit, as many extents; then one an item, with a comma and the
 * letter; then one that begins with ].
 *
 * Lines are words: the first says the site and how many numbers follow. On a GPU a module has a buffer, whose address is in its
 * variable `gj_print`. A line takes its words by an addition to `used`; where the buffer is full it is counted as lost. Its first
 * word is written last. */
enum { GJ_PRINT_MARK = 1, GJ_PRINT_VALUES = 32, GJ_PRINT_WORDS = 1 << 17 /* a megabyte */ };

typedef struct gj_print_buffer {
	uint32_t used, lost;                       /* words, lines */
	uint64_t word[GJ_PRINT_WORDS];
} gj_print_buffer;

enum { GJ_PRINT_COUNT_AT = 32 };               /* in a line's first word: numbers; below: the site; the top bit: it is written */
static const uint64_t gj_print_written = (uint64_t)1 << 63;

#endif
