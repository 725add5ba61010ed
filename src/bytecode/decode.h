/* Bytecode units → instructions, by the rows of pyops.def. */
#ifndef GJ_DECODE_H
#define GJ_DECODE_H

#include "ir/ir.h"

typedef enum gj_flow {
	GJ_FLOW_NEXT, GJ_FLOW_RISK, GJ_FLOW_YIELD, GJ_FLOW_END, GJ_FLOW_JUMP, GJ_FLOW_JUMPB, GJ_FLOW_IFT, GJ_FLOW_IFTB, GJ_FLOW_IFF, GJ_FLOW_IFFB,
	GJ_FLOW_AND, GJ_FLOW_OR, GJ_FLOW_FOR
} gj_flow;

typedef struct gj_pyop {
	const char *name;
	int since, until;
	uint8_t caches[3];                         /* in 3.11, 3.12, 3.13 */
	uint8_t flow;                              /* gj_flow */
	const char *text;                          /* what a refused bytecode is to a person */
} gj_pyop;

extern const gj_pyop gj_pyops[];
extern const int gj_npyops;

typedef struct gj_effect { int64_t pop, push, taken; } gj_effect;
gj_effect gj_pyop_effect(int row, uint32_t n);

enum { GJ_NO_INSN = -1 };

typedef struct gj_insn {
	uint16_t row;                              /* UINT16_MAX: no bytecode of this Python */
	uint32_t arg, unit;                        /* unit: of the opcode itself, EXTENDED_ARGs stand before it */
	int32_t  target;                           /* instruction that a jump goes to; GJ_NO_INSN: none, or damaged */
} gj_insn;

typedef struct gj_insns { gj_insn *p; uint32_t n; } gj_insns;

gj_insns gj_decode(gj_arena *, const gj_code *);
/* The instruction that starts at this code unit, by its opcode or by an EXTENDED_ARG before it; GJ_NO_INSN: none does. */
int32_t gj_insn_at(const gj_insns *, uint32_t unit);

#endif
