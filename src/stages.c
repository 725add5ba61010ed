/* Stages as text: a dump of what the passes made, checked on the way. */
#include "stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gj_stages_want(const gj_stages *st, const char *what)
{
	size_t n = strlen(what);
	for (const char *p = st->wanted; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !memcmp(p, what, n))
			return true;
	return false;
}

void gj_show_text(const gj_stages *st, const char *what, const char *text)
{
	if (!text || !gj_stages_want(st, what))
		return;
	if (st->out)
		gj_sb_puts(st->out, text);
	else
		fprintf(stderr, "-- %s\n%s\n", what, text);
}

void gj_show(const gj_stages *st, const char *what, const gj_fn *f)
{
	const char *wrong = st->verify && f->low ? gj_fn_verify(f) : NULL;
	if (gj_stages_want(st, what)) {
		gj_sb sb = { 0 };
		gj_fn_dump(f, &sb);
		for (uint32_t i = 0; i < f->callee.n; i++)
			gj_fn_dump(f->callee.p[i], &sb);
		gj_show_text(st, what, gj_sb_str(&sb));
		gj_sb_free(&sb);
	}
	if (wrong)
		gj_fail(f, 0, GJ_ERR_INTERNAL, gj_printf(f->arena, "after %s: %s", what, wrong));
}

void gj_show_frozen(const gj_stages *st, gj_trap *trap, const gj_code *code)
{
	gj_sb text = { 0 }, blocks = { 0 };
	if (gj_stages_want(st, "code"))
		gj_code_dump(code, &text);
	gj_show_text(st, "code", gj_sb_str(&text));
	gj_sb_free(&text);
	if (!gj_stages_want(st, "cfg") && !gj_stages_want(st, "ssa"))
		return;
	gj_fn *f = gj_ssa(trap, code);
	gj_cfg(f);
	gj_cfg_dump(f, &blocks);
	gj_show_text(st, "cfg", gj_sb_str(&blocks));
	gj_sb_free(&blocks);
	gj_show(st, "ssa", f);
}

bool gj_stages_verify(void)
{
#ifdef NDEBUG
	const char *v = getenv("GRIDJIT_VERIFY");
	return v && *v == '1';
#else
	return true;
#endif
}
