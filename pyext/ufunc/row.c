/* One loop of a ufunc: its code, what was compiled of it, and the function that NumPy calls.
 *
 * Forms of an elementwise loop: for contiguous operands, with those inputs one value for all that have a bit set; or SERIAL,
 * one element after the other, with any steps; or STREAMED, past the caches. Forms of a generalised one: CONTIGUOUS arrays or any, ALONE: nothing that is
 * written overlaps another operand; LANES: the lanes of a vector, as many as said, share out loops of an outer element. Forms of either, if
 * what is compiled for the first call fails or cannot do all: HOSTED (hosted.c), for CONTIGUOUS arrays or any. */
#include "ufunc/ufunc.h"
#include "launch/functions.h"
#include "printed.h"
#include "raised.h"

#include <fenv.h>
#include <stdlib.h>
#include <string.h>

size_t gj_ufunc_offset;

/* -- Compiling -------------------------------------------------------------------------------------------------------- */

enum { MAX_STACK = 256 << 10 };                /* of local arrays: loops run on the stack of whoever calls, or of the pool's threads */

static const uint64_t SERIAL = (uint64_t)1 << 32, STREAMED = (uint64_t)1 << 33, HOSTED = (uint64_t)1 << 34;
enum { CONTIGUOUS = 1, ALONE = 2, LANES = 8 /* of their number; none: an outer element is one thread's */ };

/* The loop as a function for the host, if that is what runs. */
static gj_hosted *hosted(const gj_row *r)
{
	gj_hosted *h = atomic_load(&r->hosted);
	return h && atomic_load(&h->works) ? h : NULL;
}

static gj_made *find(gj_row *r, uint64_t form)
{
	for (gj_made *m = atomic_load_explicit(&r->made, memory_order_acquire); m; m = m->next)
		if (m->form == form)
			return m;
	return NULL;
}

static void elements_options(gj_options *o, uint64_t form)
{
	o->entry = GJ_ENTRY_ELEMENTS;
	o->strided = form == SERIAL;
	o->streamed = (form & STREAMED) != 0;
	o->scalars = form == SERIAL ? 0 : (uint32_t)form;
	o->width = form == SERIAL || gj_config.cpu_width == 1 ? 1 : 32;
	o->facts = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS;
}

static void rows_options(gj_options *o, uint64_t form)
{
	o->entry = GJ_ENTRY_ROWS;
	o->strided = true;                         /* from one outer element to the next */
	o->spread = form >= LANES;
	o->width = form >= LANES ? (uint32_t)(form & ~(uint64_t)(LANES - 1)) : 1;
	o->facts = (form & ALONE ? GJ_FACT_NOALIAS : 0) | (form >= LANES ? GJ_FACT_FULL_WARPS : 0);
}

/* Arrays of these arguments with the layout that the form has. */
static void rows_arguments(const gj_row *r, uint64_t form, const gj_type **arg)
{
	for (uint32_t i = 0; i < r->narg; i++) {
		const gj_type *t = r->arg[i];
		char layout = form & CONTIGUOUS ? 'C' : 'A';                       /* whatever was declared */
		arg[i] = t->kind == GJ_ARRAY ? gj_array_type(t->elem, t->ndim, layout, t->readonly, t->space) : t;
	}
}

/* What a ufunc cannot have, seen in what was made of the function; sets the diagnosis. Inputs must not be written but those that
 * are said to be: they may be copies, or read-only. */
static void look_at(const gj_row *r, const gj_image *image, gj_diag *diag)
{
	if (image->local_bytes > MAX_STACK)
		gj_diag_set(diag, GJ_ERR_UFUNC_STACK, r->code->name, MAX_STACK >> 10);
	else if (image->barriers || image->spins)
		gj_diag_set(diag, GJ_ERR_UFUNC_THREADS);
	for (uint32_t i = 0; r->general && i < r->narg && !diag->set; i++)
		if (i < image->nleaves && image->written[i] && !r->rows.op[i].written)
			gj_diag_set(diag, GJ_ERR_GUFUNC_WRITES, r->code->name, r->code->var[i], (unsigned)i);
}

static void request(const gj_row *r, uint64_t form, const gj_type **arg, gj_request *rq)
{
	if (form & HOSTED) {
		gj_hosted_request(atomic_load(&r->hosted), form & CONTIGUOUS, arg, rq);
		return;
	}
	*rq = (gj_request){ .code = r->code, .arg = arg, .nargs = r->narg, .ret = r->ret, .options = r->options };
	rows_arguments(r, form, arg);
	(r->general ? rows_options : elements_options)(&rq->options, form);
}

static void make(const gj_row *r, gj_made *m)
{
	const gj_type *arg[GJ_MAX_OPERANDS];
	gj_build b = { .use_cache = gj_config.cache };
	request(r, m->form, arg, &b.rq);
	if (m->form & HOSTED) {
		const gj_outside *outside = &atomic_load(&r->hosted)->outside;
		b.linked = outside->linked;
		b.nlinked = outside->nlinked;
		b.use_cache &= !outside->kept;             /* addresses mean nothing to other processes */
	}
	if ((m->status = gj_cpu_open(0, &b.dev)) != GJ_OK)
		return;
	gj_build_run(&b);
	m->diag = b.diag;
	m->status = b.status;
	m->image = b.image;
	if (b.kernel)
		look_at(r, &m->image, &m->diag);
	if (b.kernel && (m->diag.set || m->status != GJ_OK))
		b.dev->ops->unload(b.dev, b.kernel);
	else
		m->loop = (gj_element_kernel){ b.kernel, m->image.param, m->image.nparams };
}

static void free_made(gj_made *m)
{
	gj_device *dev;
	if (m->loop.kernel && gj_cpu_open(0, &dev) == GJ_OK)
		dev->ops->unload(dev, m->loop.kernel);
	gj_image_clear(&m->image);
	gj_diag_clear(&m->diag);
	free(m);
}

static const gj_element_kernel *hosted_kernel(gj_rows *rows, bool contiguous, bool alone, uint32_t lanes);
static gj_made *form_of(gj_row *r, uint64_t form);

/* Puts a form into the row's list, or gives the same one that another thread has put there. */
static gj_made *enter(gj_row *r, gj_made *m)
{
	gj_made *head = atomic_load(&r->made);
	do {
		gj_made *other = find(r, m->form);
		if (other) {
			free_made(m);
			return other;
		}
		m->next = head;
	} while (!atomic_compare_exchange_weak(&r->made, &head, m));
	return m;
}

static gj_hosted *new_hosted(gj_row *r)
{
	gj_hosted *h = gj_hosted_new(r, r->py_func);
	if (h) {
		h->rows.kernel = hosted_kernel;
		h->rows.owner = r;
	}
	return h;
}

/* The loop as a function for the host; NULL: there is none, and perhaps Ctrl-C. */
static gj_hosted *make_hosted(gj_row *r)
{
	gj_hosted *none = NULL;
	PyGILState_STATE gil = PyGILState_Ensure();
	gj_hosted *h = new_hosted(r);
	if (!h)
		gj_forgive(PyExc_Exception);               /* the first diagnosis stands */
	else if (!atomic_compare_exchange_strong(&r->hosted, &none, h)) {
		gj_hosted_free(h);
		h = none;
	}
	PyGILState_Release(gil);
	return h;
}

/* The first form fails, or cannot do all: so perhaps the loop is one for the host. */
static void try_hosted(gj_row *r, gj_made *m)
{
	gj_hosted *h = gj_hosted_never(&m->diag) ? NULL : make_hosted(r);
	gj_made *other = h ? form_of(r, HOSTED | CONTIGUOUS) : NULL;
	if (!other)
		return;
	bool works = other->loop.kernel, better = works || (m->diag.set && gj_hosted_says_more(&other->diag, &m->diag));
	(better ? m : other)->quiet = true;
	atomic_store(&h->works, works);
}

/* The form, compiled now if it is not there. Threads may compile the same one: the first that is done counts. No lock, since
 * compiling may ask for the GIL, which others may hold while they wait. NULL: no memory, or interrupted, which has raised. */
static gj_made *form_of(gj_row *r, uint64_t form)
{
	gj_made *m = find(r, form);
	bool first = !atomic_load(&r->made) && !(form & HOSTED);
	fenv_t before;
	if (m || !(m = calloc(1, sizeof *m)))
		return m;
	m->form = form;
	fegetenv(&before);                         /* the compiler computes, too: its exceptions are not the user's */
	make(r, m);
	fesetenv(&before);
	if (m->diag.set && m->diag.id == GJ_ERR_INTERRUPTED) {
		free_made(m);
		return NULL;
	}
	m = enter(r, m);
	if (first && (m->diag.set || m->image.incomplete))
		try_hosted(r, m);
	return m;
}

static const gj_element_kernel *kernel(gj_row *r, uint64_t form)
{
	const gj_made *m = form_of(r, form);
	return m && m->loop.kernel && (form & HOSTED || !hosted(r)) ? &m->loop : NULL;
}

static const gj_element_kernel *hosted_kernel(gj_rows *rows, bool contiguous, bool alone, uint32_t lanes)
{
	(void)alone;
	(void)lanes;
	return kernel(rows->owner, HOSTED | (contiguous ? CONTIGUOUS : 0));
}

static const gj_element_kernel *elements_kernel(gj_elementwise *e, uint64_t scalars, gj_element_form form)
{
	return kernel(e->owner, form == GJ_ELEMENTS_SERIAL ? SERIAL : form == GJ_ELEMENTS_STREAMED ? scalars | STREAMED : scalars);
}

/* Where there are no loops for lanes to share, what was made is the form without lanes, under the name of the one that was
 * asked for first. */
static const gj_element_kernel *rows_kernel(gj_rows *rows, bool contiguous, bool alone, uint32_t lanes)
{
	gj_row *r = rows->owner;
	uint64_t form = (contiguous ? CONTIGUOUS : 0) | (alone ? ALONE : 0);
	if (!(form & CONTIGUOUS) || !(form & ALONE) || gj_config.cpu_width == 1)
		return kernel(r, form);
	for (gj_made *m = atomic_load_explicit(&r->made, memory_order_acquire); m; m = m->next)
		if ((m->form & (LANES - 1)) == form && m->form >= LANES && m->loop.kernel && m->image.width == 1)
			return &m->loop;
	return kernel(r, form + lanes);
}

/* Raises what a compilation ended with. */
static void complain(gj_row *r)
{
	const gj_made *m = atomic_load(&r->made);
	while (m && (m->loop.kernel || m->quiet))
		m = m->next;
	if (PyErr_Occurred())
		return;
	if (!m)
		PyErr_NoMemory();
	else if (m->diag.set)
		gj_diag_raise(&m->diag);
	else
		gj_status_error(m->status, "loading a ufunc's loop");
}

int gj_row_compile(gj_row *r)
{
	if (!hosted(r) && (r->general ? rows_kernel(&r->rows, true, true, 32) : kernel(r, 0)))
		return 0;
	if (hosted(r) && kernel(r, HOSTED | CONTIGUOUS))
		return 0;
	complain(r);
	return -1;
}

PyObject *gj_row_dump(const gj_row *r, const char *stage)
{
	const gj_type *arg[GJ_MAX_OPERANDS];
	gj_request rq;
	gj_sb text = { 0 };
	gj_diag diag = { 0 };
	bool ok;
	request(r, hosted(r) ? HOSTED | CONTIGUOUS : r->general ? CONTIGUOUS | ALONE : 0, arg, &rq);
	Py_BEGIN_ALLOW_THREADS
	ok = gj_compile_dump(&rq, stage, &text, &diag);
	Py_END_ALLOW_THREADS
	PyObject *o = ok ? PyUnicode_DecodeUTF8(gj_sb_str(&text), (Py_ssize_t)text.n, "replace") : gj_diag_error(&diag);
	gj_sb_free(&text);
	return o;
}

/* -- The loop ----------------------------------------------------------------------------------------------------------- */

static void tell(gj_row *r, int flags)
{
	if (flags > 0)
		feraiseexcept(flags);
	if (flags < 0) {
		NPY_ALLOW_C_API_DEF
		NPY_ALLOW_C_API
		complain(r);
		NPY_DISABLE_C_API
	}
}

/* NumPy goes on calling a loop that has raised. Threads may read their own state without the GIL. */
static bool has_raised(void)
{
	PyThreadState *t = PyGILState_GetThisThreadState();
#if PY_VERSION_HEX >= 0x030c0000
	return t && t->current_exception;
#else
	return t && t->curexc_type;
#endif
}

/* What the function raised. */
static void failed(gj_row *r, const gj_loop_failure *f)
{
	const gj_made *m = atomic_load(&r->made);
	while (m && m->loop.kernel != f->kernel)
		m = m->next;
	NPY_ALLOW_C_API_DEF
	NPY_ALLOW_C_API
	gj_host_failed(&m->image, r->py_func, r->code->name, f->status, &f->report);
	NPY_DISABLE_C_API
}

static void show(void)
{
	NPY_ALLOW_C_API_DEF
	NPY_ALLOW_C_API
	gj_show_any();
	NPY_DISABLE_C_API
}

static void run_hosted(gj_row *r, gj_hosted *h, char **args, npy_intp const *dimensions, npy_intp const *steps)
{
	gj_loop_failure f;
	int flags = gj_rows_run(&h->rows, args, dimensions[0], dimensions + 1, steps, steps + r->nargs, &f);
	if (gj_printed_any())
		show();
	if (flags == -2)
		failed(r, &f);
	else
		tell(r, flags);
}

/* What a loop's end says. What was compiled for the first call may have shown that it is one for the host. */
static void end_loop(gj_row *r, int flags, const gj_loop_failure *f, char **args, npy_intp const *dimensions, npy_intp const *steps)
{
	gj_hosted *h = flags == -1 ? hosted(r) : NULL;
	if (h)
		run_hosted(r, h, args, dimensions, steps);
	else if (flags == -2)
		failed(r, f);
	else
		tell(r, flags);
}

void gj_row_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data)
{
	gj_row *r = data;
	if (has_raised())
		return;
	gj_loop_failure f;
	int flags = hosted(r) ? -1 : gj_elementwise_run(&r->loop, args, dimensions[0], steps, &f);
	end_loop(r, flags, &f, args, dimensions, steps);
}

void gj_row_general_loop(char **args, npy_intp const *dimensions, npy_intp const *steps, void *data)
{
	gj_row *r = data;
	if (has_raised())
		return;
	gj_loop_failure f;
	int flags = hosted(r) ? -1 : gj_rows_run(&r->rows, args, dimensions[0], dimensions + 1, steps, steps + r->nargs, &f);
	end_loop(r, flags, &f, args, dimensions, steps);
}

/* -- Rows --------------------------------------------------------------------------------------------------------------- */

void gj_row_free(gj_row *r)
{
	for (gj_made *m = r->made, *next; m; m = next) {
		next = m->next;
		free_made(m);
	}
	gj_hosted_free(r->hosted);
	gj_arena_free(r->arena);
	PyMem_Free(r);
}

static bool are_numbers(const gj_type *t)
{
	bool fits = gj_is_scalar(t) || t->kind == GJ_TUPLE;
	for (uint32_t i = 0; fits && t->kind == GJ_TUPLE && i < t->n; i++)
		fits = gj_is_scalar(t->item[i]);
	return fits;
}

/* What it returns as a function for the host; false with an exception, of what is wrong with it as another. */
static bool type_hosted(gj_row *r, gj_diag *first)
{
	gj_request rq = { .arg = r->arg, .nargs = r->narg, .ret = r->ret, .options = r->options };
	gj_diag diag = { 0 };
	bool typed = gj_hosted_returns(&rq, r->py_func, &r->ret, &diag), ok = typed && are_numbers(r->ret);
	if (!ok && typed)
		gj_error(GJ_ERR_UFUNC_RETURN, r->code->name, r->ret->name);
	else if (!ok && (!PyErr_Occurred() || gj_forgive(PyExc_Exception)))
		gj_diag_raise(gj_hosted_says_more(&diag, first) ? &diag : first);
	gj_diag_clear(&diag);
	gj_diag_clear(first);
	return ok;
}

/* What the function returns for the row's inputs, as one type an output. */
static int type_outputs(gj_row *r)
{
	bool host = false;
	gj_request rq = { .code = r->code, .arg = r->arg, .nargs = r->narg, .ret = r->ret, .options = r->options };
	gj_diag diag = { 0 };
	uint32_t nout = r->nargs - r->nin;
	rq.options.entry = GJ_ENTRY_ELEMENTS;
	if (!gj_return_type(&rq, &r->ret, &diag) && !(host = type_hosted(r, &diag)))
		return -1;
	uint32_t n = r->ret->kind == GJ_TUPLE ? r->ret->n : 1;
	if (n != nout) {
		gj_error(GJ_ERR_UFUNC_OUTPUTS, r->code->name, (unsigned)n, (unsigned)nout);
		return -1;
	}
	for (uint32_t i = 0; i < nout; i++)
		r->type[r->nin + i] = r->ret->kind == GJ_TUPLE ? r->ret->item[i] : r->ret;
	if (host && !(r->hosted = new_hosted(r)))
		return -1;
	if (host)
		atomic_store(&atomic_load(&r->hosted)->works, true);
	return 0;
}

/* A row whose function takes these arguments; nothing is compiled. */
static gj_row *row_of(PyUFuncObject *uf, uint32_t narg, const gj_type *const *arg)
{
	gj_ufunc *u = gj_ufunc_of((PyObject *)uf);
	gj_row *r = PyMem_Calloc(1, sizeof *r);
	if (!r || !(r->arena = gj_arena_new())) {
		PyMem_Free(r);
		return PyErr_NoMemory(), NULL;
	}
	r->nin = (uint32_t)uf->nin;
	r->nargs = (uint32_t)uf->nargs;
	r->narg = narg;
	r->general = u->general;
	r->py_func = u->function;
	r->options = u->options;
	r->options.target = &gj_targets[GJ_TARGET_CPU];
	for (uint32_t i = 0; i < narg; i++) {
		r->arg[i] = arg[i];
		r->type[i] = arg[i]->kind == GJ_ARRAY ? arg[i]->elem : arg[i];
	}
	gj_request rq = { .arg = r->arg, .nargs = narg, .options = r->options, .layouts = true };
	gj_captures outside = { .alone = true };
	rq.options.entry = r->general ? GJ_ENTRY_ROWS : GJ_ENTRY_ELEMENTS;
	bool ok = gj_freeze_request(r->py_func, r->arena, &outside, &rq) == 0;
	r->code = rq.code;
	if (ok && r->code->nargs != (int)narg) {
		gj_error(GJ_ERR_SIGNATURE_COUNT, (int)narg, r->code->name, r->code->nargs);
		ok = false;
	}
	if (ok)
		return r;
	gj_row_free(r);
	return NULL;
}

gj_row *gj_row_new(PyUFuncObject *uf, const gj_type *const *in, const gj_type *ret)
{
	gj_row *r = row_of(uf, (uint32_t)uf->nin, in);
	if (!r)
		return NULL;
	r->loop = (gj_elementwise){ .nin = r->nin, .nargs = r->nargs, .parallel = gj_ufunc_of((PyObject *)uf)->parallel,
		.kernel = elements_kernel, .owner = r };
	r->ret = ret;
	if (type_outputs(r) < 0) {
		gj_row_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < r->nargs; i++)
		r->loop.size[i] = (uint8_t)r->type[i]->size;
	return r;
}

gj_row *gj_row_general(PyUFuncObject *uf, const gj_type *const *arg)
{
	gj_row *r = row_of(uf, (uint32_t)uf->nargs, arg);
	if (!r)
		return NULL;
	r->rows.parallel = gj_ufunc_of((PyObject *)uf)->parallel;
	r->rows.kernel = rows_kernel;
	r->rows.owner = r;
	gj_general_describe(uf, arg, &r->rows);
	r->options.extents = gj_general_extents(&r->rows, r->arena, false);
	return r;
}
