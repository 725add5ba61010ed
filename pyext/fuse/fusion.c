/* The loops of a fused function for arguments of certain types: compiled when they are first needed, and run. */
#include "fuse/fusion.h"

#include "raised.h"

static gj_made_loop *find(const gj_fusion *p, uint32_t outputs, uint64_t scalars, bool streamed)
{
	for (gj_made_loop *m = p->made; m; m = m->next)
		if (m->outputs == outputs && m->scalars == scalars && m->streamed == streamed)
			return m;
	return NULL;
}

/* The loop for these outputs and scalars; NULL: b says why. Without the GIL. */
static gj_made_loop *loop_for(gj_fusion *p, uint32_t outputs, uint64_t scalars, bool streamed, gj_build *b)
{
	pthread_mutex_lock(&p->lock);
	gj_made_loop *m = find(p, outputs, scalars, streamed);
	*b = (gj_build){ .rq = { .code = p->code, .arg = p->arg, .nargs = p->nin, .options = p->options }, .use_cache = gj_config.cache };
	if (!m && (b->status = gj_cpu_open(0, &b->dev)) == GJ_OK) {
		gj_options *o = &b->rq.options;
		o->outputs = outputs;
		o->scalars = (uint32_t)scalars;
		o->streamed = streamed;
		o->width = gj_config.cpu_width == 1 ? 1 : 32;
		o->facts = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS;
		gj_build_run(b);
		if (b->kernel && (m = PyMem_RawCalloc(1, sizeof *m))) {
			*m = (gj_made_loop){ .next = p->made, .outputs = outputs, .scalars = scalars, .streamed = streamed, .image = b->image };
			m->loop = (gj_element_kernel){ b->kernel, m->image.param, m->image.nparams };
			p->made = m;
		}
	}
	pthread_mutex_unlock(&p->lock);
	return m;
}

uint8_t gj_fusion_fold(const gj_fusion *p, uint32_t k)
{
	static const uint8_t fold[] = {
		[GJ_RED_SUM] = GJ_FOLD_SUM, [GJ_RED_PROD] = GJ_FOLD_PROD, [GJ_RED_MIN] = GJ_FOLD_MIN, [GJ_RED_MAX] = GJ_FOLD_MAX,
		[GJ_RED_MEAN] = GJ_FOLD_SUM, [GJ_RED_ANY] = GJ_FOLD_MAX, [GJ_RED_ALL] = GJ_FOLD_MIN, [GJ_RED_ARGMIN] = GJ_FOLD_ARGMIN,
		[GJ_RED_ARGMAX] = GJ_FOLD_ARGMAX, [GJ_RED_VAR] = GJ_FOLD_VAR, [GJ_RED_STD] = GJ_FOLD_STD,
	};
	const gj_type *t = p->out[k].of;
	if (t->kind != GJ_REDUCED || (gj_reducing_of(t).initial && p->out[k].as == t->item[t->n - 1]))
		return GJ_FOLD_NONE;
	gj_reduction how = gj_reducing_of(t).how;
	return how == GJ_RED_STD && t->n > 1 ? GJ_FOLD_VAR : fold[how];
}

const gj_type *gj_fusion_written(const gj_fusion *p, uint32_t k)
{
	const gj_type *as = p->out[k].as->elem;
	uint8_t fold = gj_fusion_fold(p, k);
	return fold >= GJ_FOLD_ARGMIN ? gj_scalar[GJ_I64] : fold == GJ_FOLD_VAR || fold == GJ_FOLD_STD ? gj_real_type(as) : as;
}

static void failed(const gj_fusion *p, const gj_loop_failure *f)
{
	const gj_made_loop *m = p->made;
	while (m && m->loop.kernel != f->kernel)
		m = m->next;
	if (m && f->status == GJ_E_RAISED)
		gj_host_failed(&m->image, p->function, p->code->name, f->status, &f->report);
	else
		PyErr_NoMemory();
}

bool gj_fusion_run(gj_fusion *p, gj_fused *f, uint32_t outputs)
{
	gj_build b;
	gj_made_loop *m;
	gj_loop_failure failure = { 0 };
	bool ok = false;
	Py_BEGIN_ALLOW_THREADS
	gj_fused_plan(f);
	if ((m = loop_for(p, outputs, f->scalars, false, &b))) {
		f->kernel = &m->loop;
		if (gj_config.cpu_width != 1 && gj_fused_streams(f) && (m = loop_for(p, outputs, f->scalars, true, &b)))
			f->streamed = &m->loop;
		ok = m && gj_fused_run(f, &failure);
	}
	Py_END_ALLOW_THREADS
	if (!m && b.diag.set)
		gj_diag_error(&b.diag);
	else if (!m && b.status != GJ_OK)
		gj_status_error(b.status, "loading a fused function");
	else if (!ok)
		failed(p, &failure);
	return ok;
}
