/* The name of a compilation in the disk cache: whatever can change the image goes into it. */
#include "key.h"

#include <stdlib.h>

typedef struct lined { gj_hasher *h; uint32_t n, cap; const gj_code **code; } lined;       /* functions that were hashed */

static void put_lines(lined *, const gj_code *);

static void put_lines_of(lined *l, const gj_obj *const *o, uint32_t n)
{
	for (uint32_t i = 0; o && i < n; i++) {
		if (o[i] && o[i]->code)
			put_lines(l, o[i]->code);
		if (o[i])
			put_lines_of(l, o[i]->item, o[i]->n);
	}
}

/* The digest of code leaves places in files out, but images tell of them (line tables, sites), so that their names do too:
 * lines do not go stale when code moves. */
static void put_lines(lined *l, const gj_code *c)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->code[i] == c)
			return;
	if (l->n == l->cap) {
		const gj_code **more = realloc(l->code, (2 * l->cap + 16) * sizeof *more);
		if (!more)
			return;
		l->code = more;
		l->cap = 2 * l->cap + 16;
	}
	l->code[l->n++] = c;
	gj_hash_str(l->h, c->file);
	for (uint32_t i = 0; i < c->nunits; i++)
		gj_hash_u64(l->h, (uint64_t)(uint32_t)c->pos[i].line);
	put_lines_of(l, c->konst, (uint32_t)c->nkonsts);
	put_lines_of(l, c->global, (uint32_t)c->nnames);
	put_lines_of(l, c->free_value, (uint32_t)c->nfree);
}

gj_hash gj_request_key(const gj_request *rq)
{
	gj_hasher h;
	gj_hash_init(&h);
	gj_hash_str(&h, "gridjit " GJ_VERSION " " GJ_BUILD);
	gj_hash_str(&h, gj_llvm_version());
	gj_hash_put(&h, rq->code->digest.b, sizeof rq->code->digest.b);
	gj_hash_str(&h, rq->code->name);
	gj_hash_u64(&h, rq->nargs);
	for (uint32_t i = 0; i < rq->nargs; i++) {
		gj_hash_str(&h, rq->arg[i]->code);
		gj_hash_u64(&h, (uint64_t)rq->arg[i]->readonly * 8 + rq->arg[i]->space);
	}
	gj_hash_str(&h, rq->ret ? rq->ret->code : "");
	gj_options_hash(&h, &rq->options);
	gj_hash_str(&h, gj_emit_identity(rq->options.target));
	lined lines = { .h = &h };
	put_lines(&lines, rq->code);
	put_lines_of(&lines, rq->konst, rq->nargs);
	free(lines.code);
	return gj_hash_done(&h);
}
