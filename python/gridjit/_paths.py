"""Paths of numba's that programs import from, and what is there: `name=module.attribute` of gridjit, or a name that is not supported with
what stands in its place, a class of absent.py (`name:Decorator`)."""

_TYPING = "signature=typing.signature typeof=typing.typeof"
_DISPATCHERS = "CPUDispatcher=jitting.CPUDispatcher Dispatcher=_core.Dispatcher cpu_target:Absent"
_REGISTRARS = """box:Registrar infer:Registrar infer_getattr:Registrar infer_global:Registrar lower_builtin:Registrar lower_cast:Registrar
	lower_constant:Registrar lower_getattr:Registrar lower_getattr_generic:Registrar lower_setattr:Registrar lower_setattr_generic:Registrar
	make_attribute_wrapper=absent.nothing models=absent.models overload_attribute:Registrar overload_classmethod:Registrar
	register_model:Registrar reflect:Registrar type_callable:Registrar typeof_impl:Registrar unbox:Registrar NativeValue:refusing
	intrinsic:Decorator"""

PATHS = {
	"": "deferred_type=absent.deferred_type gdb:Absent gdb_breakpoint:Absent gdb_init:Absent generated_jit:Decorator jitclass:Decorator literally:Absent",
	"core.ccallback": "CFunc=ffi.CFunc",
	"core.decorators": "cfunc=ffi.cfunc jit=jitting.jit jit_module=jitting.jit_module njit=jitting.njit",
	"core.dispatcher": _DISPATCHERS,
	"core.extending": f"{_REGISTRARS} overload=overloading.overload overload_method=overloading.overload_method register_jitable=extending.register_jitable",
	"core.imputils": _REGISTRARS,
	"core.registry": _DISPATCHERS,
	"core.typing": _TYPING,
	"core.typing.cffi_utils": "register_module=absent.nothing register_type=absent.nothing",
	"core.typing.templates": f"{_TYPING} {_REGISTRARS} AbstractTemplate:refusing AttributeTemplate:refusing CallableTemplate:refusing ConcreteTemplate:refusing",
	"core.typing.typeof": "typeof=typing.typeof",
	"cpython": "",
	"cpython.unsafe": "",
	"cpython.unsafe.tuple": "tuple_setitem=_unsafe.tuple_setitem",
	"experimental": "jitclass:Decorator",
	"experimental.structref": """define_attributes=absent.nothing define_boxing=absent.nothing define_constructor=absent.nothing
		define_proxy=absent.nothing new:Absent register:Registrar StructRefProxy=absent.StructRefProxy""",
	"extending": f"{_REGISTRARS} get_cython_function_address=ffi.get_cython_function_address",
	"misc": "",
	"misc.special": "gdb:Absent gdb_breakpoint:Absent gdb_init:Absent literal_unroll=_unroll.literal_unroll literally:Absent prange=parallel.prange pndindex=parallel.pndindex typeof=typing.typeof",
	"np.ufunc": """DUFunc=_core.UFunc GUVectorize:refusing Vectorize:refusing get_num_threads=parallel.get_num_threads
		guvectorize=ufuncs.guvectorize set_num_threads=parallel.set_num_threads vectorize=ufuncs.vectorize""",
	"np.unsafe": "",
	"np.unsafe.ndarray": "to_fixed_tuple=_unsafe.to_fixed_tuple",
	"pycc": "CC:refusing",
	"targets": "",
	"targets.registry": _DISPATCHERS,
	"typed": "Dict=absent.Dict List=absent.List",
	"typed.typeddict": "Dict=absent.Dict",
	"typed.typedlist": "List=absent.List",
}
