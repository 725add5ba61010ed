/* Random bytes as bytecode of each Python version: an error, or IR that the verifier accepts. The bytes are arranged so
 * that many get far: known opcodes, small operands, jumps that tend to hit instructions. */
#include "bytecode/decode.h"
#include "code/dump.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Opcodes numbered by their rows: as good as any interpreter's numbers. */
static void pretend(int version)
{
	memset(&gj_python, 0, sizeof gj_python);
	gj_python.version = version;
	int op = 0;
	for (int row = 0; row < gj_npyops; row++)
		if (gj_pyops[row].since <= version && gj_pyops[row].until >= version)
			gj_python.name[op++] = gj_pyops[row].name;
	gj_opmap_init();
}

static const gj_obj none = { .kind = GJ_OBJ_NONE }, one = { .kind = GJ_OBJ_INT, .i = 1 };
static const gj_obj text = { .kind = GJ_OBJ_STR, .name = "a" };
static const gj_obj *const two[] = { &text, &text };
static const gj_obj pair = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = two };
static const uint8_t inner_bytes[2];
static const char *const inner_vars[] = { "x", "c" };
static const gj_pos inner_pos[1] = { { 1, 0, 1, 1 } };
static const gj_code inner = { .name = "inner", .qualname = "inner", .file = "f", .nargs = 1, .var = inner_vars, .nvars = 2,
                               .nfree = 1, .bytes = inner_bytes, .nunits = 1, .pos = inner_pos };
static const gj_obj code_obj = { .kind = GJ_OBJ_CODE, .code = &inner };
static const gj_obj *const konst[] = { &none, &one, &pair, &code_obj, &text };
static const char *const names[] = { "n0", "n1" };
static const gj_obj *const globals[] = { &one, &none };
static const char *const vars[] = { "a", "b", "c", "free" };

enum { MAX_UNITS = 96 };

static uint8_t op_named(const char *name)
{
	for (int op = 0; op < 256; op++)
		if (gj_python.name[op] && !strcmp(gj_python.name[op], name))
			return (uint8_t)op;
	return 0;
}

/* An opcode that the stack is deep enough for, and not one that ends the path too often. */
static uint8_t fitting(int64_t depth, uint32_t arg)
{
	for (int tries = 0; tries < 20; tries++) {
		uint8_t op = (uint8_t)rnd(160);
		uint16_t row = gj_python.row[op];
		if (row == UINT16_MAX || (gj_pyops[row].flow == GJ_FLOW_END && rnd(8)))
			continue;
		if (gj_pyop_effect(row, arg).pop <= depth)
			return op;
	}
	return op_named("LOAD_CONST");
}

/* Wild: any bytes. Else a stack machine that keeps to its depth, with jumps to near places. */
static uint32_t random_code(uint8_t *bytes)
{
	uint32_t n = 4 + rnd(MAX_UNITS - 32), u = 0;
	bool wild = rnd(4) == 0;
	int64_t depth = 0;
	while (u < n) {
		uint32_t arg = wild ? rnd(256) : rnd(6);
		uint8_t op = wild ? (uint8_t)rnd(160) : depth < 3 && rnd(2) ? op_named("LOAD_FAST") : fitting(depth, arg);
		if (op == op_named("LOAD_FAST") && !wild)
			arg = rnd(4);
		gj_effect e = gj_python.row[op] == UINT16_MAX ? (gj_effect){ 0, 0, 0 } : gj_pyop_effect(gj_python.row[op], arg);
		depth += e.push - e.pop;
		bytes[2 * u] = op;
		bytes[2 * u + 1] = (uint8_t)arg;
		for (uint32_t c = gj_python.caches[op]; c && u + 1 < MAX_UNITS - 16; c--) {
			u++;
			bytes[2 * u] = bytes[2 * u + 1] = 0;
		}
		u++;
	}
	for (int i = 0; i < 2; i++, u++) {
		bytes[2 * u] = op_named(i ? "RETURN_VALUE" : "LOAD_CONST");
		bytes[2 * u + 1] = 0;
	}
	return u;
}

static long built, refused, damaged;

static void try_one(const gj_code *c)
{
	static gj_trap trap;
	trap.arena = gj_arena_new();
	gj_arena_trap(trap.arena, &trap);
	if (setjmp(trap.env) == 0) {
		gj_fn *f = gj_ssa(&trap, c);
		const char *wrong = gj_fn_verify(f);
		gj_sb out = { 0 };
		gj_fn_dump(f, &out);
		CHECK(!wrong, "%s in\n%s", wrong, gj_sb_str(&out));
		gj_sb_free(&out);
		built++;
	} else {
		CHECK(trap.diag.set && trap.diag.message, "an error without a message");
		trap.diag.id == GJ_ERR_INTERNAL ? damaged++ : refused++;
		gj_diag_clear(&trap.diag);
	}
	gj_arena_free(trap.arena);
}

static void test_bytes(int version, int rounds)
{
	uint8_t bytes[2 * MAX_UNITS + 32];
	gj_pos pos[MAX_UNITS + 16];
	pretend(version);
	for (int i = 0; i < rounds; i++) {
		gj_code c = { .name = "f", .qualname = "f", .file = "f.py", .firstline = 1, .version = version, .bytes = bytes,
		              .pos = pos, .nargs = 2, .var = vars, .nvars = 4, .nfree = 1, .konst = konst, .nkonsts = GJ_LEN(konst),
		              .name_text = names, .nnames = 2, .global = globals };
		c.nunits = random_code(bytes);
		for (uint32_t u = 0; u < c.nunits; u++)
			pos[u] = (gj_pos){ rnd(3) ? (int32_t)rnd(2) : -1, 0, 1, 1 };
		try_one(&c);
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 60000;
	for (int version = 311; version <= 313; version++)
		test_bytes(version, rounds);
	CHECK(built > rounds / 4, "only %ld of %d became IR", built, 3 * rounds);
	printf("%ld built, %ld refused, %ld damaged\n", built, refused, damaged);
	return done();
}
