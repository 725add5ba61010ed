/* The table of bytecodes made usable, and the first step of a compilation: code units → instructions with their full
 * operand and jump target. Works on any bytes: what is wrong with them is found when control reaches it. */
#include "bytecode/decode.h"

#include <string.h>

gj_opmap gj_python;

const gj_pyop gj_pyops[] = {
#define PYOP(name, since, until, c11, c12, c13, pop, push, taken, flow, action, text) \
	{ #name, since, until, { c11, c12, c13 }, GJ_FLOW_##flow, text },
#include "bytecode/pyops.def"
};
const int gj_npyops = GJ_LEN(gj_pyops);

enum {
#define PYOP(name, since, ...) ROW_##name##since,
#include "bytecode/pyops.def"
	ROW_COUNT
};

static inline int64_t BITS(uint32_t n)
{
	return (n & 1) + (n >> 1 & 1) + (n >> 2 & 1) + (n >> 3 & 1);
}

gj_effect gj_pyop_effect(int row, uint32_t arg)
{
	int64_t n = arg;
	switch (row) {
#define PYOP(name, since, until, c11, c12, c13, pop, push, taken, flow, action, text) \
	case ROW_##name##since: return (gj_effect){ pop, push, taken };
#include "bytecode/pyops.def"
	}
	return (gj_effect){ 0, 0, 0 };
}

void gj_opmap_init(void)
{
	int minor = gj_python.version - 311;
	memset(gj_python.row, 0xff, sizeof gj_python.row);
	memset(gj_python.caches, 0, sizeof gj_python.caches);
	for (int op = 0; op < 256; op++)
		for (int row = 0; gj_python.name[op] && row < gj_npyops; row++) {
			const gj_pyop *p = &gj_pyops[row];
			if (p->since > gj_python.version || p->until < gj_python.version || strcmp(p->name, gj_python.name[op]))
				continue;
			gj_python.row[op] = (uint16_t)row;
			gj_python.caches[op] = p->caches[minor];
		}
}

static bool is_extended_arg(uint8_t op)
{
	return gj_python.name[op] && !strcmp(gj_python.name[op], "EXTENDED_ARG");
}

/* Unit that a jump goes to, counted from behind the instruction and its caches; −1 for other instructions. */
static int64_t target_unit(const gj_insn *in, const uint8_t *bytes)
{
	int64_t next = (int64_t)in->unit + 1 + gj_python.caches[bytes[2 * (size_t)in->unit]];
	switch (in->row == UINT16_MAX ? GJ_FLOW_NEXT : gj_pyops[in->row].flow) {
	case GJ_FLOW_NEXT: case GJ_FLOW_RISK: case GJ_FLOW_YIELD: case GJ_FLOW_END:
		return -1;
	case GJ_FLOW_JUMPB: case GJ_FLOW_IFTB: case GJ_FLOW_IFFB:
		return next - in->arg;
	default:
		return next + in->arg;
	}
}

gj_insns gj_decode(gj_arena *a, const gj_code *code)
{
	GJ_VEC(gj_insn) v = { 0 };
	uint32_t *at = gj_new(a, uint32_t, code->nunits + 1);   /* unit → instruction that starts there, from 1 */
	uint32_t arg = 0, start = 0;
	for (uint32_t u = 0; u < code->nunits;) {
		uint8_t op = code->bytes[2 * (size_t)u];
		arg = arg << 8 | code->bytes[2 * (size_t)u + 1];
		if (is_extended_arg(op)) {
			u++;
			continue;
		}
		gj_push(a, &v, ((gj_insn){ .row = gj_python.row[op], .arg = arg, .unit = u, .target = GJ_NO_INSN }));
		at[start] = v.n;
		u += 1 + gj_python.caches[op];
		start = u <= code->nunits ? u : code->nunits;
		arg = 0;
	}
	for (uint32_t i = 0; i < v.n; i++) {
		int64_t t = target_unit(&v.p[i], code->bytes);
		if (t >= 0 && t < code->nunits && at[t])
			v.p[i].target = (int32_t)at[t] - 1;
	}
	return (gj_insns){ v.p, v.n };
}

int32_t gj_insn_at(const gj_insns *in, uint32_t unit)
{
	uint32_t low = 0, high = in->n;
	while (low < high) {
		uint32_t i = (low + high) / 2;
		if (in->p[i].unit < unit)
			low = i + 1;
		else
			high = i;
	}
	return low < in->n ? (int32_t)low : GJ_NO_INSN;
}
