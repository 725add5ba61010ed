/* The distance of words: what it costs to turn one into the other by inserting, leaving out, replacing and swapping neighbouring letters
 * (Damerau and Levenshtein's, each place changed once), where a swap costs a little less and a capital for a small letter half. What is near enough is what CPython
 * takes for its own suggestions: about a third of both words' letters. */
#include "base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { CHANGE = 4, SWAP = 3, CAPITAL = 2 };

static size_t replacing(char a, char b)
{
	return a == b ? 0 : tolower((unsigned char)a) == tolower((unsigned char)b) ? CAPITAL : CHANGE;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Of words of at most GJ_NEAREST_MOST letters. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][GJ_NEAREST_MOST + 1];
	for (size_t k = 0; k <= nb; k++)
		rows[0][k] = k * CHANGE;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		row[0] = i * CHANGE;
		for (size_t k = 1; k <= nb; k++) {
			row[k] = least(above[k - 1] + replacing(a[i - 1], b[k - 1]), least(above[k], row[k - 1]) + CHANGE);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[k] = least(row[k], before[k - 2] + SWAP);
		}
	}
	return rows[na % 3][nb];
}

gj_nearest gj_nearest_to_n(const char *word, size_t n) { return (gj_nearest){ .word = word, .n = n }; }

gj_nearest gj_nearest_to(const char *word) { return gj_nearest_to_n(word, strlen(word)); }

void gj_nearest_offer_n(gj_nearest *like, const char *word, size_t n)
{
	size_t apart = n < like->n ? like->n - n : n - like->n, most = (n + like->n + 3) * CHANGE / 6;
	if (!n || n > GJ_NEAREST_MOST || like->n > GJ_NEAREST_MOST || apart * CHANGE > most || (*word == '_' && *like->word != '_'))
		return;
	size_t cost = distance(like->word, like->n, word, n);
	if (!cost || cost > most || (*like->like && cost >= like->cost))
		return;
	like->cost = cost;
	memcpy(like->like, word, n);
	like->like[n] = 0;
}

void gj_nearest_offer(gj_nearest *like, const char *word) { gj_nearest_offer_n(like, word, strlen(word)); }

void gj_nearest_offer_list(gj_nearest *like, const char *words)
{
	for (size_t n; *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		gj_nearest_offer_n(like, words, n);
	}
}

const char *gj_did_you_mean(gj_nearest *like)
{
	snprintf(like->hint, sizeof like->hint, *like->like ? "did you mean '%s'? " : "", like->like);
	return like->hint;
}

const char *gj_listed(gj_arena *arena, const char *const *word, uint32_t n)
{
	enum { MOST = 20 };
	const char *text = "";
	for (uint32_t i = 0; i < n && i < MOST; i++)
		text = gj_printf(arena, "%s%s%s", text, i ? ", " : "", word[i]);
	return n > MOST ? gj_printf(arena, "%s …", text) : text;
}
