/* What a launch must know of the code that was made: the image's parameters and fields. */
#include "code/dump.h"
#include "emit/gen.h"

#include <stdlib.h>
#include <string.h>

char *gj_heap_copy(gj_unit *u, const void *p, size_t n)
{
	char *s = malloc(n + 1);
	if (!s)
		gj_fail(u->root, 0, GJ_ERR_NOMEM);
	memcpy(s, p, n);
	s[n] = 0;
	return s;
}

void gj_image_code(gj_unit *u, LLVMMemoryBufferRef buf)
{
	u->image->ncode = LLVMGetBufferSize(buf);
	u->image->code = (uint8_t *)gj_heap_copy(u, LLVMGetBufferStart(buf), u->image->ncode);
	LLVMDisposeMemoryBuffer(buf);
}

static gj_kind machine_kind(const gj_unit *u, const gj_fnparam *p)
{
	if (p->field == GJ_FIELD_DATA)
		return GJ_U64;
	if (p->field == GJ_FIELD_VALUE || p->field == GJ_FIELD_BYTES || p->field == GJ_FIELD_ROW)
		return (gj_kind)p->type->kind;
	return u->opt->facts & GJ_FACT_IDX32 ? GJ_I32 : GJ_I64;
}

void gj_image_params(gj_unit *u)
{
	gj_image *m = u->image;
	const gj_fn *f = u->root;
	for (int k = 0; k < GJ_ALL_REACHES; k++)
		m->reach[k].more = f->reach[k].more;
	gj_param *p = (gj_param *)(void *)gj_heap_copy(u, gj_new(u->arena, gj_param, f->param.n + 1),
		(f->param.n + 1) * sizeof(gj_param));
	m->param = p;
	for (uint32_t i = 0; i < f->param.n; i++) {
		const gj_fnparam *q = &f->param.p[i];
		if (q->leaf >= m->nleaves)
			m->nleaves = q->leaf + 1u;
		if (!u->param_used[i] && q->field != GJ_FIELD_BYTES)
			continue;
		gj_kind kind = machine_kind(u, q);
		uint32_t size = q->field == GJ_FIELD_BYTES ? 8 : gj_scalar[kind]->size, at = (m->param_bytes + size - 1) & ~(size - 1);
		if (at + size > UINT16_MAX)
			gj_fail(f, 0, GJ_ERR_PARAM_BYTES, UINT16_MAX);
		m->free_rounds = f->free_rounds == i + 1 ? m->nparams + 1 : m->free_rounds;
		for (int k = 0; k < GJ_ALL_REACHES; k++)
			m->reach[k].param = f->reach[k].param == i + 1 ? m->nparams + 1 : m->reach[k].param;
		p[m->nparams++] = (gj_param){ q->leaf, q->field, q->dim, (uint8_t)kind, (uint8_t)size, (uint16_t)at };
		m->param_bytes = at + size;
	}
	m->written = (uint8_t *)gj_heap_copy(u, gj_new(u->arena, uint8_t, m->nleaves + 1), m->nleaves);
	for (uint32_t i = 0; i < f->param.n; i++)
		m->written[f->param.p[i].leaf] |= f->param.p[i].written;
}

/* -- Sites --------------------------------------------------------------------------------------------------------- */

static uint32_t add_text(gj_sb *out, const char *s)
{
	uint32_t at = (uint32_t)out->n;
	if (!s || !*s)
		return 0;
	gj_sb_put(out, s, strlen(s) + 1);
	return at;
}

static bool begins(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

/* The class as Python finds it again (pyext/exceptions.c); NULL: not known. */
static const char *class_name(const gj_obj *exception)
{
	static const char *const before[] = { "builtins.", "the class " };
	const gj_obj *cls = exception && exception->kind == GJ_OBJ_TUPLE ? exception->item[0] : exception;
	if (cls && cls->kin && cls->kin->n)
		return class_name(cls->kin->item[0]);
	for (size_t i = 0; cls && cls->name && i < GJ_LEN(before); i++)
		if (begins(cls->name, before[i]))
			return cls->name + strlen(before[i]);
	return cls && cls->kind == GJ_OBJ_OPAQUE ? cls->name : NULL;
}

/* What str() says of the exception: its only argument, or all of them as a tuple; `whole`, or where values are
 * told: a tuple always, which Python can read. */
static uint32_t add_message(gj_sb *out, const gj_obj *exception, bool whole)
{
	uint32_t at = (uint32_t)out->n, n = exception && exception->kind == GJ_OBJ_TUPLE ? exception->n - 1 : 0;
	for (uint32_t i = 1; i <= n; i++)
		whole |= exception->item[i]->kind == GJ_OBJ_STR && strpbrk(exception->item[i]->name, (const char[]){ GJ_TOLD, GJ_TOLD_IN, 0 });
	if (n == 0)
		return 0;
	if (n == 1 && !whole && exception->item[1]->kind == GJ_OBJ_STR)
		return add_text(out, exception->item[1]->name);
	if (n == 1 && !whole)
		gj_put_obj(out, exception->item[1]);
	else
		gj_put_obj(out, &(gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = exception->item + 1 });
	gj_sb_put(out, "", 1);
	return at;
}

static void image_sites(gj_unit *u)
{
	gj_image *m = u->image;
	uint32_t nbarriers = u->sites.n, n = nbarriers + u->root->ends.n;
	gj_sb text = { 0 };
	const gj_source_site *before = NULL;
	gj_site *site = n ? calloc(n, sizeof *site) : NULL;
	gj_sb_put(&text, "", 1);
	for (uint32_t i = 0; site && i < n; i++) {
		const gj_source_site *p = i < nbarriers ? &u->sites.p[i] : &u->root->ends.p[i - nbarriers];
		bool again = before && before->code == p->code;
		site[i] = (gj_site){ .kind = (uint8_t)p->kind, .as_given = p->as_given, .line = p->pos.line,
			.file = again ? site[i - 1].file : p->code ? add_text(&text, p->code->file) : 0,
			.function = again ? site[i - 1].function : p->code ? add_text(&text, p->code->name) : 0,
			.exception = add_text(&text, class_name(p->exception)), .message = p->kind >= GJ_SITE_INDEX ? add_text(&text, p->name) : add_message(&text, p->exception, u->root->entry->raise == GJ_RAISE_REPORTED) };
		before = p;
	}
	m->site = site;
	if (!n)
		gj_sb_free(&text);
	m->nsites = site ? n : 0;
	m->first_report = site ? nbarriers : 0;
	m->text = text.p;
	m->ntext = text.n;
	if (text.failed || (n && !site))
		gj_fail(u->root, 0, GJ_ERR_NOMEM);
}

/* Accesses of a thread to memory, of code without loops that does nothing there but load and store. */
static uint32_t accesses_of(const gj_fn *f)
{
	uint32_t n = 0;
	if (f->loops.n > 1 || f->callee.n || f->cooperative)
		return 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_LOAD || o->op == GJ_STORE)
			n += gj_o(f, o->arg[0])->type->space != GJ_SHARED && gj_o(f, o->arg[0])->type->space != GJ_LOCAL;
		else if (gj_op_is(o, GJ_F_WRITE) && o->op != GJ_BARRIER && o->op != GJ_BOUNDS && o->op != GJ_REPORT)
			return 0;
	}
	return n <= UINT8_MAX ? n : 0;
}

void gj_image_fields(gj_unit *u)
{
	gj_image *m = u->image;
	const gj_fn *f = u->root;
	const char *file = f->code && f->code->file ? f->code->file : "";
	m->entry = gj_heap_copy(u, f->name, strlen(f->name));
	m->file = gj_heap_copy(u, file, strlen(file));
	image_sites(u);
	m->shared_bytes = f->shared_bytes;
	m->local_bytes = u->stack_bytes;
	m->format = u->opt->target->format;
	m->width = u->lanes;
	m->barriers = f->barriers || f->waits;
	m->spins = f->spins;
	m->cooperative = f->cooperative;
	m->incomplete = f->needs_memory;
	m->first_axis = gj_lanes_axis(u->opt->facts);
	m->streams = f->streams;
	m->rounds = f->round_index || f->part;
	m->part = f->part;
	m->part_places = f->part && f->part->places;
	m->places = f->places;
	m->begins_with_loop = f->begins_with_loop;
	m->nest = f->nest;
	m->narrow = u->opt->facts & GJ_FACT_IDX32;
	m->neighbours = f->neighbours;
	m->accesses = u->vector ? 0 : accesses_of(f);
	m->dynamic_shared = f->dynamic_shared;
	m->max_threads = u->opt->launch_bounds.threads;
	m->carveout = (uint8_t)(u->opt->carveout + 1);
}
