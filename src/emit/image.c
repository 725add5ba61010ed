/* What a launch must know of the code that was made: the image's parameters and fields. */
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
	if (p->field == GJ_FIELD_VALUE || p->field == GJ_FIELD_BYTES)
		return (gj_kind)p->type->kind;
	return u->opt->facts & GJ_FACT_IDX32 ? GJ_I32 : GJ_I64;
}

void gj_image_params(gj_unit *u)
{
	gj_image *m = u->image;
	const gj_fn *f = u->root;
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
		p[m->nparams++] = (gj_param){ q->leaf, q->field, q->dim, (uint8_t)kind, (uint8_t)size, (uint16_t)at };
		m->param_bytes = at + size;
	}
	m->written = (uint8_t *)gj_heap_copy(u, gj_new(u->arena, uint8_t, m->nleaves + 1), m->nleaves);
	for (uint32_t i = 0; i < f->param.n; i++)
		m->written[f->param.p[i].leaf] |= f->param.p[i].written;
}

void gj_image_fields(gj_unit *u)
{
	gj_image *m = u->image;
	const gj_fn *f = u->root;
	const char *file = f->code && f->code->file ? f->code->file : "";
	m->entry = gj_heap_copy(u, f->name, strlen(f->name));
	m->file = gj_heap_copy(u, file, strlen(file));
	m->nsites = u->sites.n;
	m->site = (int32_t *)(void *)gj_heap_copy(u, u->sites.n ? (void *)u->sites.p : "", u->sites.n * sizeof(int32_t));
	m->shared_bytes = f->shared_bytes;
	m->local_bytes = u->stack_bytes;
	m->format = u->opt->target->format;
	m->width = u->lanes;
	m->barriers = f->barriers || f->waits;
	m->first_axis = gj_lanes_axis(u->opt->facts);
	m->dynamic_shared = f->dynamic_shared;
	m->max_threads = u->opt->launch_bounds.threads;
}
