/* The table of names that kernels know, look-up by dotted name, and the binding of a call's operands to a row's
 * parameters. */
#include "names/names.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const gj_name table[] = {
#define NAME(name, params, rule, low, arg, doc) { name, params, doc, false },
#define SPACE(name, doc) { name, NULL, doc, true },
#include "names/names.def"
};

/* Rows by a hash of their names, the first of several of one name; made once. */
enum { SLOTS = 4096 };
static const gj_name *slot[SLOTS];
_Static_assert(2 * GJ_LEN(table) <= SLOTS, "at most half of the slots are taken");

static const gj_name **probe(const char *dotted)
{
	uint32_t h = 2166136261u;
	for (const char *s = dotted; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	h ^= h >> 15;
	while (slot[h % SLOTS] && strcmp(slot[h % SLOTS]->name, dotted))
		h++;
	return &slot[h % SLOTS];
}

static void fill(void)
{
	for (size_t i = 0; i < GJ_LEN(table); i++)
		if (table[i].name && !*probe(table[i].name))
			*probe(table[i].name) = &table[i];
}

const gj_name *gj_name_find(const char *dotted)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fill);
	return *probe(dotted);
}

uint32_t gj_name_index(const gj_name *row) { return (uint32_t)(row - table); }

const gj_name *gj_name_next(const char *space, const gj_name *after)
{
	size_t n = strlen(space);
	for (const gj_name *row = after ? after + 1 : table; row < table + GJ_LEN(table); row++)
		if (row->name && !strncmp(row->name, space, n) && row->name[n] == '.' && !strchr(row->name + n + 1, '.'))
			return row;
	return NULL;
}

void gj_nearest_offer_below(gj_nearest *like, const char *space)
{
	for (const gj_name *row = NULL; (row = gj_name_next(space, row));)
		gj_nearest_offer(like, strrchr(row->name, '.') + 1);
}

const char *gj_shown(const char *dotted) { return strncmp(dotted, "builtins.", 9) ? dotted : dotted + 9; }

/* A parameter of a row's list: its name, and all of it with a default. */
typedef struct param { const char *text; size_t name, all; bool optional, any, some; } param;

/* The next one; false at the end. */
static bool next_param(const char **at, param *p)
{
	*at += strspn(*at, " ");
	*p = (param){ .text = *at, .name = strcspn(*at, " =*+"), .all = strcspn(*at, " *+") };
	p->optional = p->all > p->name;
	p->some = p->text[p->all] == '+';
	p->any = p->some || p->text[p->all] == '*';
	*at += p->all + p->any;
	return p->all > 0;
}

void gj_name_params(const gj_name *row, char text[GJ_PARAMS_TEXT])
{
	const char *at = row->params + (gj_is_method(row) ? strcspn(row->params, " ") : 0);
	size_t n = 0;
	param p;
	*text = 0;
	while (n < GJ_PARAMS_TEXT && next_param(&at, &p))
		n += (size_t)snprintf(text + n, GJ_PARAMS_TEXT - n, "%s%s%.*s", n ? ", " : "", p.any ? "*" : "", (int)p.all, p.text);
}

static GJ_NORETURN void no_keyword(const gj_fn *f, const gj_op *call, const gj_name *row, const char *name, uint32_t k)
{
	const char *keyword = call->imm.kw->name[k], *at = row->params;
	gj_nearest like = gj_nearest_to(keyword);
	char all[GJ_PARAMS_TEXT];
	param p;
	gj_name_params(row, all);
	for (uint32_t i = 0; next_param(&at, &p); i++)
		if (i || !gj_is_method(row))
			gj_nearest_offer_n(&like, p.text, p.name);
	gj_fail(f, call->loc, GJ_ERR_NO_KEYWORD, gj_shown(name), keyword, gj_did_you_mean(&like),
	        *all ? gj_printf(f->arena, "its parameters are: %s", all) : "it has no parameters");
}

/* Has it a parameter that can be given by this keyword? */
static bool has_param(const gj_name *row, const char *keyword)
{
	const char *at = row->params;
	param p;
	for (uint32_t i = 0; next_param(&at, &p); i++)
		if (!p.any && (i || !gj_is_method(row)) && strlen(keyword) == p.name && !memcmp(keyword, p.text, p.name))
			return true;
	return false;
}

/* Positional operands from the first-th on; n counts what a method is called on. some: one at least. */
static uint32_t bind_any(const gj_fn *f, const gj_op *call, const char *name, uint32_t first, uint32_t n, bool some, int *slot)
{
	if (n > GJ_MAX_CALL || (n == 0 && some))
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name), n ? "at most 32 arguments" : "at least one argument", n);
	for (uint32_t i = first; i < n; i++)
		slot[i] = (int)(i + call->nargs - n);
	return n;
}

static int keyword(const gj_op *call, const param *p, uint32_t nkw, bool used[GJ_MAX_CALL]);

/* Slots of the keywords that come behind "x*", then those of the positional operands. */
static uint32_t bind_with_keywords(const gj_fn *f, const gj_op *call, const char *name, const char *keywords, int *slot)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, npos = call->nargs - 1 - nkw, n = 0;
	bool used[GJ_MAX_CALL];
	param p;
	while (next_param(&keywords, &p))
		slot[n++] = keyword(call, &p, nkw, used);
	if (n + npos > GJ_MAX_CALL)
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name), gj_printf(f->arena, "at most %u arguments", GJ_MAX_CALL - n), npos);
	for (uint32_t i = 0; i < npos; i++)
		slot[n + i] = (int)(i + 1);
	return n + npos;
}

static int keyword(const gj_op *call, const param *p, uint32_t nkw, bool used[GJ_MAX_CALL])
{
	for (uint32_t k = 0; k < nkw; k++)
		if (strlen(call->imm.kw->name[k]) == p->name && !memcmp(call->imm.kw->name[k], p->text, p->name)) {
			used[k] = true;
			return (int)(call->nargs - nkw + k);
		}
	return -1;
}

bool gj_is_ufunc(const gj_name *row)
{
	const char *last = row->params ? strrchr(row->params, ' ') : NULL;
	return last && !strcmp(last, " out=None") && !strstr(row->params, " axis=");
}

bool gj_is_method(const gj_name *row)
{
	static const char *const of[] = { "int.", "number.", "array.", "tuple.", "dict." };
	for (size_t i = 0; i < GJ_LEN(of); i++)
		if (!strncmp(row->name, of[i], strlen(of[i])))
			return true;
	return false;
}

uint32_t gj_name_slot(const gj_name *row, const char *name)
{
	const char *at = row->params;
	param p;
	for (uint32_t i = 0; next_param(&at, &p); i++)
		if (strlen(name) == p.name && !memcmp(name, p.text, p.name))
			return i;
	return GJ_MAX_CALL - 1;
}

gj_ref gj_slot_ref(const gj_fn *f, const gj_op *call, int slot) { return slot ? call->arg[slot] : gj_o(f, call->arg[0])->arg[0]; }

uint32_t gj_bind_row(const gj_fn *f, const gj_op *call, const gj_name *row, const char *name, int slot[GJ_MAX_CALL])
{
	const char *at = row->params;
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, self = gj_is_method(row), npos = call->nargs - 1 - nkw + self, i = 0;
	bool used[GJ_MAX_CALL] = { false };
	char wanted[GJ_PARAMS_TEXT];
	param p;
	for (uint32_t k = 0; k < nkw; k++)
		if (!has_param(row, call->imm.kw->name[k]))
			no_keyword(f, call, row, name, k);
	if (nkw > GJ_MAX_CALL)
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name), "fewer keywords", nkw);
	for (; next_param(&at, &p); i++) {
		if (p.any && at[strspn(at, " ")])
			return bind_with_keywords(f, call, name, at, slot);
		if (p.any)
			return bind_any(f, call, name, i, npos, p.some, slot);
		slot[i] = i < npos ? (int)(i + 1 - self) : keyword(call, &p, nkw, used);
		if (slot[i] >= 0 || p.optional)
			continue;
		gj_name_params(row, wanted);
		gj_fail(f, call->loc, GJ_ERR_ARG_MISSING, gj_shown(name), (int)p.name, p.text, wanted);
	}
	for (uint32_t k = 0; k < nkw; k++)
		if (!used[k])
			gj_fail(f, call->loc, GJ_ERR_CALL_TWICE, gj_shown(name), call->imm.kw->name[k]);
	if (npos > i) {
		gj_name_params(row, wanted);
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name),
		        *wanted ? gj_printf(f->arena, "the arguments (%s)", wanted) : "no arguments", npos - self);
	}
	return i;
}
