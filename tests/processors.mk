# make test PROCESSOR=avx2 or sse: an older processor made of this one, because a test must not hang on the last digit of a float.
# Its results lie in a build folder of their own. What a machine or a library does not have (ARM, AMD, macOS) is ignored; where there
# is no AVX2, avx2 changes nothing.
ifeq ($(PROCESSOR),avx2)
ifneq ($(shell grep -m1 -ow avx2 /proc/cpuinfo 2>/dev/null),)
export ATEN_CPU_CAPABILITY      := avx2
export ONEDNN_MAX_CPU_ISA       := AVX2
export MKL_ENABLE_INSTRUCTIONS  := AVX2
export NPY_DISABLE_CPU_FEATURES := X86_V4 AVX512_ICL AVX512_SPR
export OPENBLAS_CORETYPE        := Haswell
export OPENCV_CPU_DISABLE       := AVX512-SKX
export OPENCV_IPP               := avx2
endif
else ifeq ($(PROCESSOR),sse)
export ATEN_CPU_CAPABILITY      := default
export ONEDNN_MAX_CPU_ISA       := SSE41
export MKL_ENABLE_INSTRUCTIONS  := SSE4_2
export NPY_DISABLE_CPU_FEATURES := X86_V3 X86_V4 AVX512_ICL AVX512_SPR
export OPENBLAS_CORETYPE        := Nehalem
export OPENCV_CPU_DISABLE       := AVX512-SKX,AVX2,FP16,AVX
export OPENCV_IPP               := sse42
export GLIBC_TUNABLES           := glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA
else
$(error PROCESSOR=$(PROCESSOR): there are avx2 and sse)
endif
