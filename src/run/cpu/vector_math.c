/* exp, log and erf of float64 for compiled code, in registers of AVX-512, four side by side: glibc's vector functions (libmvec) take one
 * a call, and keep the processor waiting for each step. Within 1.1 units in the last place, erf within 1.6 (libmvec's: 3, 1.6, 2.5).
 * Arguments with a case of their own (NaN, infinities, results that are not normal) are not easy: these lanes, and only these, are libmvec's.
 *
 * Polynomials interpolate at Chebyshev's nodes; a table is two registers, from which one instruction picks by the lowest four bits of each
 * lane. Entries of a table are chosen nearby so that the function's value there is a float64, all but 2^-60. */
#define _GNU_SOURCE
#include "run/cpu/vector_math.h"

#ifdef __x86_64__
#include <immintrin.h>

#include <dlfcn.h>
#include <pthread.h>

#define AVX512 __attribute__((target("avx512f,avx512dq")))
#define INLINE AVX512 inline __attribute__((always_inline))
enum { TABLE = 16, LANES = 8, MOST = 4 /* registers side by side */ };
#define ROUND 0x1.8p52                         /* added: the sum's last bits are an integer, the nearest */
#ifdef __clang__
#define UNROLLED                               /* it is by itself */
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif
/* For each of four registers, i its number. Written out, not a loop: arrays of them are registers then, not memory. */
#define ONE(n, ...) { enum { i = n }; __VA_ARGS__ }
#define EACH(...) { ONE(0, __VA_ARGS__) ONE(1, __VA_ARGS__) ONE(2, __VA_ARGS__) ONE(3, __VA_ARGS__) }

typedef __m512d vector;
typedef vector vector_fn(vector);

static INLINE vector all(double x) { return _mm512_set1_pd(x); }
static INLINE vector pick(__m512i at, const double *table) { return _mm512_permutex2var_pd(_mm512_loadu_pd(table), at, _mm512_loadu_pd(table + LANES)); }
static INLINE __m512i bits_of(vector x) { return _mm512_castpd_si512(x); }
static INLINE vector size_of(vector x) { return _mm512_castsi512_pd(_mm512_and_si512(bits_of(x), _mm512_set1_epi64(INT64_MAX))); }

/* -- exp: of n ln 2 + r, |r| <= ln 2 / 2 ------------------------------------------------------------------------------------------- */

static const double exp_by[] = {
	0x1p0, 0x1p0, 0x1.0000000000001p-1, 0x1.5555555555556p-3,
	0x1.5555555553d63p-5, 0x1.11111111109b3p-7, 0x1.6c16c1788bd9p-10, 0x1.a01a01a7c41d5p-13,
	0x1.a019b90d2ae7ap-16, 0x1.71de0dae63bb3p-19, 0x1.289185613a3d6p-22, 0x1.af38a9b0ec855p-26,
};

static INLINE __mmask8 exp_is_easy(vector x) { return _mm512_cmplt_epu64_mask(bits_of(size_of(x)), bits_of(all(708))); }

static INLINE void exp_of(vector *x)
{
	vector shifted[MOST], r[MOST], y[MOST];
	EACH(
		shifted[i] = _mm512_fmadd_pd(x[i], all(0x1.71547652b82fep0), all(ROUND));
		vector whole = _mm512_sub_pd(shifted[i], all(ROUND));
		r[i] = _mm512_fnmadd_pd(whole, all(0x1.abc9e3b39803fp-56), _mm512_fnmadd_pd(whole, all(0x1.62e42fefa39efp-1), x[i]));
		y[i] = all(exp_by[GJ_LEN(exp_by) - 1]);
	)
	UNROLLED
	for (int k = GJ_LEN(exp_by) - 1; k--;)
		EACH(y[i] = _mm512_fmadd_pd(y[i], r[i], all(exp_by[k]));)
	EACH(x[i] = _mm512_castsi512_pd(_mm512_add_epi64(bits_of(y[i]), _mm512_slli_epi64(bits_of(shifted[i]), 52)));)
}

/* -- log: e ln 2 + log m, m from 3/4 to 3/2, log m = log(f + 1) − log(factor), f = m factor − 1 ---------------------------------------- */

/* By the first four bits of m, from 1/2 on half of it. */
static const double log_factor[TABLE] = {
	0x1p0, 0x1.d429c41d95f19p-1, 0x1.babf07ec4f23ap-1, 0x1.a405ede9fb2bbp-1,
	0x1.8f97270806d4p-1, 0x1.7d090cbaf26b7p-1, 0x1.6c10673c83ef5p-1, 0x1.5c8768fe93b8cp-1,
	0x1.4e4e4980e9f88p-1, 0x1.41380cce4af15p-1, 0x1.3520c0296ddd1p-1, 0x1.29d62308aeb76p-1,
	0x1.1f65611adfe64p-1, 0x1.15a59cbcc9df8p-1, 0x1.0c8a85aaca261p-1, 0x1p-1,
};

/* − log(factor), of which 42 bits are behind the point, so that its sum with e ln2 is exact. */
static const double log_of[TABLE] = {
	0, 0x1.6e9fb621dp-4, 0x1.29a1ac4ab2p-3, 0x1.9588c4606cp-3,
	0x1.fbaadef4e6p-3, 0x1.2e85d9804ep-2, 0x1.5d2db9c334p-2, 0x1.89d5753bb7p-2,
	-0x1.1148a81a4dp-2, -0x1.d0c8cff238p-3, -0x1.82350f647cp-3, -0x1.35fff99f42p-3,
	-0x1.d9d71b0508p-4, -0x1.4c7bd9b048p-4, -0x1.87cb852dep-5, 0,
};

/* log(f + 1) = f + f² · polynomial. */
static const double log_by[] = {
	-0x1.fffffffffffffp-2, 0x1.5555555555a8cp-2, -0x1.0000000008c48p-2, 0x1.999999894e08fp-3,
	-0x1.555553da78791p-3, 0x1.2492aaf4d5cc3p-3, -0x1.000aad0490e28p-3, 0x1.c62306e97831ap-4,
	-0x1.6bbfded022a48p-4,
};

static INLINE __mmask8 log_is_easy(vector x)
{
	__m512i over = _mm512_sub_epi64(bits_of(x), _mm512_set1_epi64(1LL << 52));
	return _mm512_cmplt_epu64_mask(over, _mm512_set1_epi64(2045LL << 52));
}

static INLINE void log_of_x(vector *x)
{
	vector f[MOST], e[MOST], large[MOST], y[MOST];
	EACH(
		__m512i at = _mm512_srli_epi64(bits_of(x[i]), 48);
		/* 4/3 is rounded so that what is 3/2 or more becomes 2 or more, and nothing else. */
		e[i] = _mm512_getexp_pd(_mm512_mul_pd(x[i], all(4.0 / 3)));
		vector m = _mm512_getmant_pd(x[i], _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
		f[i] = _mm512_fmsub_pd(m, pick(at, log_factor), all(1));
		large[i] = _mm512_fmadd_pd(e[i], all(0x1.62e42fefa38p-1), pick(at, log_of));
		y[i] = all(log_by[GJ_LEN(log_by) - 1]);
	)
	UNROLLED
	for (int k = GJ_LEN(log_by) - 1; k--;)
		EACH(y[i] = _mm512_fmadd_pd(y[i], f[i], all(log_by[k]));)
	EACH(
		vector small = _mm512_fmadd_pd(_mm512_mul_pd(f[i], f[i]), y[i], _mm512_fmadd_pd(e[i], all(0x1.ef35793c7673p-45), f[i]));
		x[i] = _mm512_add_pd(large[i], small);
	)
}

/* -- erf: of |x| = c + d, c nearby in steps of 49/128, by a polynomial of d for each c; 1 from 5.93 on -------------------------------------- */

static const double erf_at[TABLE] = {
	0, 0x1.87db449p-2, 0x1.87efb478p-1, 0x1.25fd54dp0,
	0x1.87f8e38cp0, 0x1.e9fd7438p0, 0x1.260634e6p1, 0x1.56fb1bdcp1,
	0x1.8805bf8cp1, 0x1.b8f84c28p1, 0x1.e9f8e942p1, 0x1.0d7efecfp2,
	0x1.260381f9p2, 0x1.3e8155e9p2, 0x1.56ffad44p2, 0x1.6f83f8e7p2,
};

static const double erf_by[13][TABLE] = {
	{
		0, 0x1.a57edfdf48eeep-2, 0x1.7127aa779c99ap-1, 0x1.ca9171b854b15p-1,
		0x1.f074a5ec83292p-1, 0x1.fc85a99fb2109p-1, 0x1.ff67f52e0f87cp-1, 0x1.ffec35b198d75p-1,
		0x1.fffe0e90d48c2p-1, 0x1.ffffdaf1f4831p-1, 0x1.fffffded0b567p-1, 0x1.ffffffe9abb1bp-1,
		0x1.ffffffff4ba23p-1, 0x1.fffffffffbb67p-1, 0x1.ffffffffffec7p-1, 0x1.ffffffffffffcp-1,
	},
	{
		0x1.20dd750429b6dp0, 0x1.f307ffd4eca9ap-1, 0x1.4189b70449dbcp-1, 0x1.3507b8a6d7e19p-2,
		0x1.bb424a7abb5e4p-4, 0x1.da1212078ff41p-6, 0x1.79e6a6efede32p-8, 0x1.c2a21416202e2p-11,
		0x1.8f6e2d0a64954p-14, 0x1.094fa5f77e632p-17, 0x1.06371a6c19374p-21, 0x1.822e888366f97p-26,
		0x1.a7b22c42ffd41p-31, 0x1.5c063d0ae1c36p-36, 0x1.aa6e867c62731p-42, 0x1.843365348025cp-48,
	},
	{
		0x1.c3303fa01f9cdp-55, -0x1.7dee529e7288fp-2, -0x1.ec4668c4f70c5p-2, -0x1.62e3a55a10d56p-2,
		-0x1.535898fbe5af1p-3, -0x1.c5b0efc213c88p-5, -0x1.b2080d35d3f55p-7, -0x1.2ddf4664ce0cfp-9,
		-0x1.31d4d67e3788bp-12, -0x1.c902395742997p-16, -0x1.f5de35c5d611ap-20, -0x1.968a78bbb4a72p-24,
		-0x1.e69c6d0869329p-29, -0x1.b0ff93c35011ep-34, -0x1.1dacc630827e7p-39, -0x1.16a6e6eae1e63p-45,
	},
	{
		-0x1.812746b037ac2p-2, -0x1.d6809f52f6292p-3, 0x1.26ed77562fe8ap-5, 0x1.516280a2d47cep-3,
		0x1.1083c6ff98fb7p-3, 0x1.f3e7c232ca4f1p-5, 0x1.2cd74ac92602ep-6, 0x1.f5b30211b7f4dp-9,
		0x1.2793ed13e6bdcp-11, 0x1.f6b36a9c505f2p-15, 0x1.35422dfca5ffap-18, 0x1.154526453ec17p-22,
		0x1.6bc07f2c4897dp-27, 0x1.5fe55be9a392p-32, 0x1.f575df30dba22p-38, 0x1.06a569b0070c3p-43,
	},
	{
		0x1.4d31007e07156p-40, 0x1.58a50feb50b1ap-3, 0x1.2bf662f54b0d1p-3, 0x1.56efaf23494ebp-6,
		-0x1.7e0e4c563b05bp-5, -0x1.472f55e2227d2p-5, -0x1.112fde3a7869p-6, -0x1.1dc4bfdf0d72ep-8,
		-0x1.91a857a8c21bp-11, -0x1.8ae07484b2b05p-14, -0x1.130acba0fedfp-17, -0x1.12f2c5872240dp-21,
		-0x1.8d7d896b001adp-26, -0x1.a3c60a980a3b2p-31, -0x1.4408f2de61589p-36, -0x1.6d723e5981db5p-42,
	},
	{
		0x1.ce2f219c2acbcp-4, 0x1.6195d3acad895p-5, -0x1.c7df6379b370dp-5, -0x1.e3a08a5f4c88ap-5,
		-0x1.7419ae5aa1b69p-7, 0x1.9218d92e364d6p-7, 0x1.4184946318ac3p-7, 0x1.ce128b171957fp-9,
		0x1.9362a81ecaa3bp-11, 0x1.d4bf4f6d640d4p-14, 0x1.76bee928f107ep-17, 0x1.a584d14fe5703p-21,
		0x1.51ee0c96677edp-25, 0x1.876ba2cb68464p-30, 0x1.4884c9923ddcdp-35, 0x1.9002c795e1f77p-41,
	},
	{
		0x1.e66994b913c6cp-30, -0x1.9cb9393ea7b75p-5, -0x1.9745cf29a59eap-6, 0x1.16d06fd8311e4p-6,
		0x1.2ab830bd2da6ap-6, 0x1.71d314f8b1563p-9, -0x1.91ee4b273eeeep-9, -0x1.044dbeac0be67p-9,
		-0x1.30b44255d6af4p-11, -0x1.b0fd624106879p-14, -0x1.94d1d037208d3p-17, -0x1.032ae06be3747p-20,
		-0x1.d07b062271829p-25, -0x1.28acd9de63858p-29, -0x1.0fd6d69d4b12dp-34, -0x1.6679f23956365p-40,
	},
	{
		-0x1.b82d06e0affc5p-6, -0x1.387ebb3cdb212p-8, 0x1.32289578170fap-6, 0x1.15a1cec71110fp-7,
		-0x1.598808237c495p-8, -0x1.2498c4a250675p-8, -0x1.535962a0cc0ap-12, 0x1.65111b68d46cp-11,
		0x1.552cab79af8bdp-12, 0x1.3a96ae4d9337dp-14, 0x1.61856aae073a9p-17, 0x1.05a03f5a4e489p-20,
		0x1.0899ff57debe2p-24, 0x1.77401dad0029ap-29, 0x1.7927e3a1aabdbp-34, 0x1.0e483aad9326ep-39,
	},
	{
		0x1.bc973de8d4be6p-22, 0x1.70b5f7eff4d04p-7, 0x1.cae7ce3cd96b9p-10, -0x1.8e663c4772b3ep-8,
		-0x1.ef1fb7f3780bfp-10, 0x1.918a6b35bb4dcp-10, 0x1.b9f35d98ccdd6p-11, -0x1.01376d20878e7p-15,
		-0x1.05474a0118aefp-13, -0x1.6452fc0c57dbfp-15, -0x1.f721134940c91p-18, -0x1.b7c3c33f534a9p-21,
		-0x1.fc402ea9db8e8p-25, -0x1.934b3de96651dp-29, -0x1.bf110bd6963a2p-34, -0x1.5d98d70b8dea2p-39,
	},
	{
		0x1.56222d205b34cp-8, -0x1.ef648832a1ce3p-16, -0x1.019e59735715bp-8, -0x1.93fc291516ff7p-14,
		0x1.b5332b60cad8cp-10, 0x1.c67736b4d0b78p-13, -0x1.8136a619011aep-12, -0x1.deece00d7ab25p-14,
		0x1.692e2c10ae39dp-16, 0x1.2ceecaa31f87fp-16, 0x1.2282cf7f42004p-18, 0x1.35b88677e3dcdp-21,
		0x1.9fc838b413882p-25, 0x1.74b8fffae7d64p-29, 0x1.ca6dbc4614a55p-34, 0x1.88a8bbe055ebcp-39,
	},
	{
		0x1.3c754abc653c5p-16, -0x1.05dfefc04a99dp-9, 0x1.30ab7f6b2f7a8p-12, 0x1.2114df5ed43f8p-10,
		-0x1.6ecb27b8643d9p-13, -0x1.747fc41738fb3p-12, 0x1.3d1c224a7aa89p-16, 0x1.1780b5fcea0d9p-14,
		0x1.2cc9268b4ea09p-17, -0x1.4291097dafe5dp-18, -0x1.09efccca24e2ap-19, -0x1.6d61c4849e40ep-22,
		-0x1.23c3c5d6e76bap-25, -0x1.2b74e04f3d892p-29, -0x1.9c3fb22d367e1p-34, -0x1.854796854976ap-39,
	},
	{
		-0x1.e2c1febdef3c2p-11, 0x1.2523f51cf44dfp-13, 0x1.37fd683fa700bp-11, -0x1.b5e129eb23cb8p-13,
		-0x1.d36dc778f87d5p-13, 0x1.68a260d8f92acp-14, 0x1.b69cc32004eebp-15, -0x1.c13e80d227455p-17,
		-0x1.1e654c0d56adfp-17, 0x1.27562d59998a8p-25, 0x1.66cea000f2827p-21, 0x1.692b225ee2ad9p-23,
		0x1.680e2d50be1fdp-26, 0x1.b38c6751a220dp-30, 0x1.570dc01a682aap-34, 0x1.6c0dfdb537d3bp-39,
	},
	{
		0x1.1808660f6e225p-13, 0x1.2f9cf82294db7p-12, -0x1.f0716fa87a977p-14, -0x1.06710925ec19ap-13,
		0x1.58e4dba961b8bp-14, 0x1.b2d984120eac3p-16, -0x1.7a5061a131e2dp-16, -0x1.0eb484b01f6e1p-18,
		0x1.8c7b7846df67ep-19, 0x1.75242fe010052p-21, -0x1.0b82a3f4ffd6dp-23, -0x1.1887d95f3bc4ap-24,
		-0x1.6f46cdbd64fb6p-27, -0x1.08d0592516cbep-30, -0x1.dcd04b7f157b2p-35, -0x1.1a59ac005373p-39,
	},
};

static INLINE __mmask8 erf_is_easy(vector x)          /* all but NaN */
{
	return _mm512_cmple_epu64_mask(bits_of(size_of(x)), _mm512_set1_epi64(2047LL << 52));
}

static INLINE void erf_of(vector *x)
{
	vector d[MOST], y[MOST];
	__m512i at[MOST];
	EACH(
		vector a = _mm512_castsi512_pd(_mm512_min_epu64(bits_of(size_of(x[i])), bits_of(all(5.93))));
		at[i] = bits_of(_mm512_fmadd_pd(a, all(128.0 / 49), all(ROUND)));
		d[i] = _mm512_sub_pd(a, pick(at[i], erf_at));
		y[i] = pick(at[i], erf_by[GJ_LEN(erf_by) - 1]);
	)
	UNROLLED
	for (int k = GJ_LEN(erf_by) - 1; k--;)
		EACH(y[i] = _mm512_fmadd_pd(y[i], d[i], pick(at[i], erf_by[k]));)
	EACH(x[i] = _mm512_castsi512_pd(_mm512_or_si512(bits_of(y[i]), _mm512_and_si512(bits_of(x[i]), _mm512_set1_epi64(INT64_MIN))));)
}

/* -- Calls -------------------------------------------------------------------------------------------------------------------------- */

static vector_fn *rest_of_exp, *rest_of_log, *rest_of_erf;

static void find_rest(void)
{
	static const struct { const char *name; vector_fn **f; } rest[] = {
		{ "_ZGVeN8v_exp", &rest_of_exp }, { "_ZGVeN8v_log", &rest_of_log }, { "_ZGVeN8v_erf", &rest_of_erf },
	};
	void *library = dlopen("libmvec.so.1", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library && i < GJ_LEN(rest); i++)
		*(void **)rest[i].f = dlsym(library, rest[i].name);
}

/* Where not all lanes are easy. */
#define FUNCTION(name, is_easy, of, rest) \
	AVX512 static __attribute__((noinline)) void name##_mixed(vector *x) \
	{ \
		static pthread_once_t once = PTHREAD_ONCE_INIT; \
		vector y[MOST]; \
		pthread_once(&once, find_rest); \
		EACH(y[i] = _mm512_mask_blend_pd(is_easy(x[i]), all(0.5), x[i]);) \
		of(y); \
		EACH(x[i] = is_easy(x[i]) == 0xff ? y[i] : _mm512_mask_blend_pd(is_easy(x[i]), rest(x[i]), y[i]);) \
	} \
	AVX512 static void name##_all(double *at, uint32_t registers) \
	{ \
		for (uint32_t from = 0; from < registers; from += MOST) { \
			vector x[MOST]; \
			EACH(x[i] = from + i < registers ? _mm512_loadu_pd(at + LANES * (from + i)) : all(0.5);) \
			if (__builtin_expect((is_easy(x[0]) & is_easy(x[1]) & is_easy(x[2]) & is_easy(x[3])) != 0xff, 0)) { \
				vector y[MOST]; \
				EACH(y[i] = x[i];) \
				name##_mixed(y); \
				EACH(x[i] = y[i];) \
			} else { \
				of(x); \
			} \
			EACH(if (from + i < registers) _mm512_storeu_pd(at + LANES * (from + i), x[i]);) \
		} \
	}
FUNCTION(exp, exp_is_easy, exp_of, rest_of_exp)
FUNCTION(log, log_is_easy, log_of_x, rest_of_log)
FUNCTION(erf, erf_is_easy, erf_of, rest_of_erf)

void gj_rt_exp(double *x, uint32_t registers) { exp_all(x, registers); }
void gj_rt_log(double *x, uint32_t registers) { log_all(x, registers); }
void gj_rt_erf(double *x, uint32_t registers) { erf_all(x, registers); }
#endif
