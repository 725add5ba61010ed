"""Calls of np.random and random."""

import numpy as np

P, CHANCES, A = np.array([0.2, 0.0, 0.5, 0.3]), np.array([0.2, 0.3, 0.5]), np.arange(12.0).reshape(4, 3)

# What one call is, for arguments that take each of a distribution's ways.
DRAWS = """random() ranf() sample() random_sample() rand() randn() standard_normal() standard_exponential() standard_cauchy() uniform()
uniform(2,5) normal() normal(1.0,2.0) lognormal(0.5,0.7) exponential() exponential(2.0) gamma(2.5,1.5) gamma(0.4,1.5) gamma(1.0,2.0) gamma(0.0)
standard_gamma(2.5) standard_gamma(0.5) beta(2.0,3.0) beta(0.5,0.5) beta(1e-3,1e-3) beta(0.5,2.0) chisquare(3.0) noncentral_chisquare(3.0,2.0)
noncentral_chisquare(0.5,3.0) noncentral_chisquare(2.0,0.0) f(3.0,5.0) noncentral_f(2.0,3.0,1.0) standard_t(4.0) laplace() logistic(1.0,2.0)
gumbel(1.0,2.0) pareto(2.0) power(2.0) rayleigh() rayleigh(2.0) weibull(2.0) weibull(0.0) wald(1.0,2.0) vonmises(0.5,2.0) vonmises(-4.0,0.1)
vonmises(0.1,1e-9) vonmises(0.0,1e-6) vonmises(3.0,1e5) beta(1.0,np.nan) vonmises(0.0,np.nan) negative_binomial(np.nan,0.5) poisson(9e18) triangular(0.0,1.0,3.0) poisson() poisson(3.0) poisson(0.0) poisson(10.0) poisson(1e6)
binomial(10,0.3) binomial(10,0.9) binomial(100,0.4) binomial(100,0.8) binomial(10**7,0.5) binomial(1000,0.01) binomial(0,0.5) binomial(5,0.0)
geometric(0.2) geometric(0.5) geometric(1e-4) geometric(1.0) negative_binomial(5,0.4) negative_binomial(3.5,0.01) hypergeometric(15,10,8)
hypergeometric(10,15,8) hypergeometric(50,60,30) hypergeometric(60,50,30) hypergeometric(50,60,90) hypergeometric(1000,2000,500)
logseries(0.5) logseries(0.9) logseries(0.9999) zipf(2.0) zipf(1.05) randint(7) randint(0,10) randint(-5,2**40)
randint(3,4) randint(-2**62,2**62) randint(0,2**32) randint(2,1000000) choice(5)""".split()

ARRAYS = """random(3) random((2,3)) random(size=4) rand(2,3) randn(2,2) normal(0.0,1.0,3) normal(size=2) normal(loc=1.0,size=(2,2)) uniform(0,1,2)
binomial(10,0.5,4) poisson(3.0,(2,1,2)) exponential(size=0) randint(0,10,5) randint(10,size=3) randint(0,10,(2,2)) permutation(9) permutation(A[0])
permutation(A) permutation(A[:,::2]) choice(A[0]) choice(A[:,1],3) choice(5,3) choice(5,3,replace=False) choice(5,(2,2),False) choice(A[0],(2,2))
choice(4,p=P) choice(4,6,p=P) choice(4,3,False,P) choice(A[:,0],2,replace=False,p=P) multinomial(10,CHANCES) multinomial(10,CHANCES,2)
multinomial(3,CHANCES,size=(2,2)) dirichlet(CHANCES) dirichlet(CHANCES,3) zipf(2.0,3) hypergeometric(5,5,5,size=2)""".split()

PYTHON = """random() uniform(2,5) randint(1,6) randint(0,2**40) randrange(10) randrange(3,20) randrange(3,40,5) randrange(40,3,-7) getrandbits(0)
getrandbits(5) getrandbits(32) getrandbits(40) getrandbits(64) expovariate(2.0) gammavariate(2.5,1.5) gammavariate(0.5,1.0) gammavariate(1.0,2.0)
betavariate(2.0,3.0) paretovariate(3.0) vonmisesvariate(0.5,2.0) vonmisesvariate(1.0,1e-9) weibullvariate(1.0,2.0) triangular(0.0,1.0,0.3)
triangular(0.0,1.0) triangular() triangular(2.0,2.0)""".split()

# Methods of np.random.Generator: those of DRAWS that it has, too.
OF_GENERATOR = [call for call in DRAWS if call.split("(")[0] not in ("ranf", "sample", "random_sample", "rand", "randn", "randint") and "nan" not in call] + """
integers(7) integers(0,10) integers(-5,2**40) integers(3,4) integers(-2**62,2**62) integers(0,2**32) integers(2,9,endpoint=True)
hypergeometric(3,4,0)""".split()
ARRAYS_OF_GENERATOR = """random(3) random((2,3)) random(size=4) normal(0.0,1.0,3) normal(size=2) uniform(0,1,2) binomial(10,0.5,4) binomial(1000,0.5,4)
poisson(3.0,(2,1,2)) exponential(size=0) integers(0,10,5) integers(10,size=3) integers(0,10,(2,2)) permutation(9) permutation(A[0]) permutation(A) choice(A[0])
choice(A[:,1],3) choice(5,3) standard_normal((2,2)) gamma(2.0,size=3)""".split()
