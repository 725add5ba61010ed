/* "Did you mean": of the words that could stand in a place, the one that what stands there is most likely a slip for. Whoever knows
 * such words offers them one by one; rows of errors.def begin their hint with what is found:
 *
 *     gj_nearest like = gj_nearest_to("sqr");
 *     gj_nearest_offer(&like, "sqrt");
 *     gj_did_you_mean(&like)                      "did you mean 'sqrt'? "
 */
#ifndef GJ_NEAREST_H
#define GJ_NEAREST_H

#include "base/base.h"

enum { GJ_NEAREST_MOST = 48 };                 /* longer words are not looked at */

typedef struct gj_nearest {
	const char *word;
	size_t n, cost;
	char like[GJ_NEAREST_MOST + 1], hint[GJ_NEAREST_MOST + 20];
} gj_nearest;

gj_nearest gj_nearest_to(const char *word);
gj_nearest gj_nearest_to_n(const char *word, size_t n);
/* The first of several that are as near wins. Names that begin with _ are offered to such only. */
void gj_nearest_offer(gj_nearest *, const char *word);
void gj_nearest_offer_n(gj_nearest *, const char *word, size_t n);
/* Each of a list of words with blanks between them. */
void gj_nearest_offer_list(gj_nearest *, const char *words);
/* The first of n words, with commas between them. */
const char *gj_listed(gj_arena *, const char *const *word, uint32_t n);
/* A sentence and a blank, or nothing; in *like. */
const char *gj_did_you_mean(gj_nearest *like);

#endif
