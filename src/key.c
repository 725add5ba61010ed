/* The name of a compilation in the disk cache: whatever can change the image goes into it. */
#include "key.h"

enum { MAX_LINED = 64 };
typedef struct lined { gj_hasher *h; uint32_t n; const gj_code *code[MAX_LINED]; } lined;

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

/* The digest of code leaves places in files out. Images that hold lines (line tables; the barriers of the CPU device, for its
 * messages) are named by them too, so that lines do not go stale when code moves. */
static void put_lines(lined *l, const gj_code *c)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->code[i] == c)
			return;
	if (l->n == MAX_LINED)
		return;
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
	if (rq->options.target->sites || rq->options.debug || rq->options.lineinfo)
		put_lines(&(lined){ .h = &h }, rq->code);
	return gj_hash_done(&h);
}
