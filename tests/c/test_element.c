/* Elements of several parts: loaded, kept in local memory and stored by the helpers of lowering, as the CPU runs it, by
 * thread and by warp. */
#include "emit_lib.h"
#include "lower/lower.h"

enum { N = 64 };

typedef struct element { double a; float b, c; } element;

static const gj_type *element_type(void)
{
	const gj_type *inner = gj_tuple_type((const gj_type *[]){ T(GJ_F32), T(GJ_F32) }, 2);
	return gj_tuple_type((const gj_type *[]){ T(GJ_F64), inner }, 2);
}

/* out[i] = (in[i].a + 1, in[i].b, in[i].c), by way of local[i % 4]. */
static void build(K *k)
{
	gj_fn *f = k->f;
	gj_module M = { .trap = &k->trap, .arena = k->trap.arena };
	gj_lower L = { .M = &M, .arena = M.arena, .fn = f, .cur = k->bb };
	const gj_type *t = element_type(), *local = gj_ptr_type(t, GJ_LOCAL), *global = gj_ptr_type(t, GJ_GLOBAL);
	gj_ref in = param(k, 0, GJ_FIELD_DATA, global, false), out = param(k, 1, GJ_FIELD_DATA, global, true);
	gj_ref i = thread_id(k), array = gj_e(&L, GJ_LOCALMEM, local, 0, NULL);
	gj_o(f, array)->imm.i = 4;
	gj_lv v = gj_lload(&L, gj_e2(&L, GJ_ELEM, global, in, i), t);
	CHECK(gj_parts(t) == 3 && gj_o(f, v.part[0])->type == T(GJ_F64) && gj_o(f, v.part[2])->type == T(GJ_F32), "its parts");
	gj_ref *part, slot = gj_e2(&L, GJ_ELEM, local, array, gj_e2(&L, GJ_AND, T(GJ_I64), i, gj_eint(&L, T(GJ_I64), 3)));
	gj_lv more = gj_lv_new(&L, t, &part);
	memcpy(part, v.part, 3 * sizeof *part);
	part[0] = gj_e2(&L, GJ_ADD, T(GJ_F64), part[0], gj_eint(&L, T(GJ_F64), 1));
	gj_lstore(&L, slot, more, t);
	gj_lstore(&L, gj_e2(&L, GJ_ELEM, global, out, i), gj_lload(&L, slot, t), t);
}

static void run(uint32_t width)
{
	static element in[N], out[N];
	const void *params[2] = { in, out };
	gj_options opt = cpu_options(width);
	gj_image m = { 0 };
	K k;
	k_open(&k, "element", width);
	build(&k);
	K0(&k, GJ_RETURN, NULL);
	gj_simplify(k.f);
	if (width == 32) {
		gj_loop_form(k.f);
		gj_divergence(k.f, opt.facts);
		CHECK(gj_mask(k.f), "masked");
	}
	const char *bad = gj_fn_verify(k.f);
	CHECK(!bad, "%s", bad);
	if (setjmp(k.trap.env)) {
		CHECK(false, "%s", k.trap.diag.message);
		return;
	}
	gj_emit_image(k.f, &opt, &m);
	memset(in, 0, sizeof in);
	memset(out, 0, sizeof out);
	for (int i = 0; i < N; i++)
		in[i] = (element){ i - 7, i * 0.5f, (float)-i };
	CHECK(run_cpu(&m, 2, N / 2, params), "width %u: it runs", width);
	int wrong = 0;
	for (int i = 0; i < N; i++)
		wrong += out[i].a != i - 6 || out[i].b != i * 0.5f || out[i].c != (float)-i;
	CHECK(!wrong, "width %u: %d of %d elements", width, wrong, N);
	gj_image_clear(&m);
	k_close(&k);
}

int main(void)
{
	const gj_type *t = element_type();
	CHECK(t->size == sizeof(element) && gj_part_of(t, 2).offset == offsetof(element, c), "laid out as C does: %u", t->size);
	run(1);
	run(32);
	return done();
}
