/* The frozen function: its digest, which names everything that decides about the compiled code. */
#include "code/code.h"

#include <string.h>

/* -- Digest ------------------------------------------------------------------------------------------------------------ */

/* A function that is still being frozen, because it is (indirectly) recursive, has no digest yet: it enters by what it
 * holds itself, and the digest of whoever was asked for covers the rest. */
static void put_code(gj_hasher *, const gj_code *, bool callees);

static bool has_digest(const gj_code *c)
{
	static const gj_hash none;
	return memcmp(&c->digest, &none, sizeof none) != 0;
}

static void put_callee(gj_hasher *h, const gj_code *c, bool callees)
{
	gj_hash_u64(h, has_digest(c));
	if (has_digest(c))
		gj_hash_put(h, &c->digest, sizeof c->digest);
	else if (callees)
		put_code(h, c, false);
	else
		gj_hash_str(h, c->qualname);
}

static void put_type(gj_hasher *h, const gj_type *t)
{
	gj_hash_str(h, t ? t->name : "");
	gj_hash_str(h, t ? t->code : "");
	gj_hash_u64(h, t ? t->space : 0);
}

static void put_double(gj_hasher *h, double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	gj_hash_u64(h, bits);
}

static void put_texts(gj_hasher *h, const char *const *p, int n)
{
	gj_hash_u64(h, (uint64_t)n);
	for (int i = 0; i < n; i++)
		gj_hash_str(h, p[i]);
}

static void put_obj(gj_hasher *h, const gj_obj *o, bool callees)
{
	gj_hash_u64(h, o ? (uint64_t)o->kind + 1 : 0);
	if (!o)
		return;
	gj_hash_u64(h, (uint64_t)o->is_unsigned | (uint64_t)o->big << 1 | (uint64_t)o->n << 8);
	gj_hash_u64(h, (uint64_t)o->i);
	gj_hash_u64(h, o->at);
	put_double(h, o->f);
	put_double(h, o->im);
	put_type(h, o->type);
	gj_hash_str(h, o->name ? o->name : "");
	if (o->fields) {
		gj_hash_str(h, o->fields->label);
		gj_hash_u64(h, o->fields->kind);
		put_texts(h, o->fields->name, (int)o->fields->n);
	}
	for (uint32_t i = 0; i < o->n; i++) {
		gj_hash_str(h, o->attr ? o->attr[i] : "");
		put_obj(h, o->item[i], callees);
	}
	for (int k = 0; o->shape && k < o->type->ndim * (1 + (o->kind == GJ_OBJ_CAPTURED)); k++)
		gj_hash_u64(h, (uint64_t)o->shape[k]);
	gj_hash_u64(h, o->nbytes);
	if (o->nbytes)
		gj_hash_put(h, o->data, o->nbytes);
	if (o->kin)
		put_obj(h, o->kin, callees);
	if (o->code)
		put_callee(h, o->code, callees);
}

static void put_objs(gj_hasher *h, const gj_obj *const *p, int n, bool callees)
{
	gj_hash_u64(h, p ? (uint64_t)n + 1 : 0);
	for (int i = 0; p && i < n; i++)
		put_obj(h, p[i], callees);
}

static void put_code(gj_hasher *h, const gj_code *c, bool callees)
{
	const int counts[] = { c->version, c->nargs, c->nposonly, c->nkwonly, c->nfree, c->user_handlers, c->inline_,
	                       c->forceinline, c->ndeclared, c->divides_quietly };
	gj_hash_str(h, c->qualname);
	for (size_t i = 0; i < GJ_LEN(counts); i++)
		gj_hash_u64(h, (uint64_t)counts[i]);
	gj_hash_u64(h, c->flags);
	gj_hash_u64(h, c->nunits);
	gj_hash_put(h, c->bytes, 2 * (size_t)c->nunits);
	for (uint32_t i = 0; i < c->nhandlers; i++) {
		const gj_handler *x = &c->handler[i];
		const uint32_t numbers[] = { x->first, x->end, x->target, x->depth, x->lasti };
		for (size_t k = 0; k < GJ_LEN(numbers); k++)
			gj_hash_u64(h, numbers[k]);
	}
	put_texts(h, c->var, c->nvars);
	put_texts(h, c->name_text, c->nnames);
	put_objs(h, c->free_value, c->nfree, callees);
	put_objs(h, c->konst, c->nkonsts, callees);
	put_objs(h, c->global, c->nnames, callees);
	put_objs(h, c->defaults, c->ndefaults, callees);
	put_objs(h, c->kwdefaults, c->nkwonly, callees);
	for (int i = 0; c->cast && i < c->nvars; i++)
		put_type(h, c->cast[i]);
	for (int k = 0; k < c->ndeclared; k++) {
		put_type(h, c->declared[k].ret);
		gj_hash_u64(h, (uint64_t)c->declared[k].n);
		for (int i = 0; i < c->declared[k].n; i++)
			put_type(h, c->declared[k].arg[i]);
	}
}

gj_hash gj_code_digest(const gj_code *c)
{
	gj_hasher h;
	gj_hash_init(&h);
	put_code(&h, c, true);
	return gj_hash_done(&h);
}

gj_hash gj_obj_digest(const gj_obj *o)
{
	gj_hasher h;
	gj_hash_init(&h);
	put_obj(&h, o, true);
	return gj_hash_done(&h);
}

int64_t gj_function_number(const gj_obj *f)
{
	gj_hash h = f->kind == GJ_OBJ_CODE || f->kind == GJ_OBJ_FUNCTION ? f->code->digest : gj_obj_digest(f);
	int64_t number;
	memcpy(&number, &h, sizeof number);
	return number;
}

const gj_obj *gj_obj_known(gj_arena *a, const gj_obj *o)
{
	gj_obj *r = o ? gj_new(a, gj_obj, 1) : NULL;
	if (!o)
		return NULL;
	*r = (gj_obj){ .kind = o->kind, .type = o->type, .data = o->kind == GJ_OBJ_CODE ? (const void *)o->code : o,
		.is_unsigned = o->is_unsigned, .i = o->i, .f = o->f, .im = o->im, .n = o->kind == GJ_OBJ_TUPLE || o->kind == GJ_OBJ_CODE ? o->n : 0 };
	if (o->kind == GJ_OBJ_STR)
		r->name = gj_strdup(a, o->name);
	const gj_obj **item = gj_new(a, const gj_obj *, r->n + 1);
	const char **name = gj_new(a, const char *, r->n + 1);
	for (uint32_t i = 0; i < r->n; i++) {
		item[i] = gj_obj_known(a, o->item[i]);
		name[i] = o->kind == GJ_OBJ_CODE && o->attr && o->attr[i] ? gj_strdup(a, o->attr[i]) : NULL;
	}
	r->item = item;
	r->attr = name;
	return r;
}
