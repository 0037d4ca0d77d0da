"""decisions"""
from __future__ import annotations
import argparse, time
from collections import Counter
import numpy as np
from tabulate import tabulate
from bench.statistics.decision import recommend
from bench.statistics.posterior import posterior
from bench.statistics.racing import heats
from bench.statistics.worlds import KINDS, METHODS, world, POSITIONS
P=len(POSITIONS)
COSTS=np.array([1.0]*11+[1.5,1.5,15.])
DELTA=0.01
DRAWS=1024
rows=[]; bins={}
def note(design, w, recs, spent):
    for p,r in enumerate(recs):
        t=w.true[:,p]; loss=t.max()-t
        far=loss>DELTA
        rows.append((design,w.kind.name,p,r.outcome,loss[r.choice],bool(far[list(r.among)].any()), spent[:,p].sum(), r.regret[r.choice]))
        for m in range(METHODS):
            bins.setdefault(design,[]).append((r.best[m], loss[m]==0, r.near[m], not far[m]))
def decide(w,n,seed):
    o=w.observed(n); d=posterior(o,DRAWS,np.random.default_rng(seed)); return o,d
def race(w,seed,step,most,start=5):
    n=np.full((METHODS,P),start)
    for k in range(100):
        o,d=decide(w,n,seed+k)
        h=heats(o,d,COSTS,DELTA,most)
        if not any(x.more for x in h): break
        for p,x in enumerate(h):
            for m in x.more: n[m,p]=min(most,n[m,p]+step)
    return h,n,k
def main():
    ap=argparse.ArgumentParser(); ap.add_argument("--stores",type=int,default=100); ap.add_argument("--seed",type=int,default=0); ap.add_argument("--step",type=int,default=2); ap.add_argument("--most",type=int,default=30); ap.add_argument("--start",type=int,default=5)
    a=ap.parse_args(); t=time.process_time(); ends=Counter(); steps=[]
    for s in range(a.stores):
        w=world(KINDS[s%len(KINDS)],a.seed*100000+s)
        for n in (5,20):
            full=np.full((METHODS,P),n); _,d=decide(w,full,s)
            note(f"fixed {n}",w,[recommend(d[...,p],COSTS,DELTA) for p in range(P)],full)
        h,n,k=race(w,s,a.step,a.most,a.start); steps.append(k); ends.update(x.ending for x in h)
        note("racing",w,[x.recommendation for x in h],n)
    import pandas as pd
    f=pd.DataFrame(rows,columns="design kind place outcome regret false fits expected".split())
    f["toofar"]=f.regret>DELTA
    print(time.process_time()-t,"s",ends,np.mean(steps))
    print(f.groupby("design")[["regret","expected","toofar","fits"]].mean())
    print(f.groupby(["design","outcome"]).agg(n=("regret","size"),regret=("regret","mean"),expected=("expected","mean"),toofar=("toofar","mean"),false=("false","mean")))
    print(f.pivot_table(index="kind",columns="design",values=["regret","fits"]))
    print(f.pivot_table(index="place",columns="design",values=["regret","fits"]))
    for d,b in bins.items():
        b=np.array(b,float); e=np.linspace(0,1,11); i=np.clip(np.digitize(b[:,0],e)-1,0,9); j=np.clip(np.digitize(b[:,2],e)-1,0,9)
        print(d,"P(best)"," ".join(f"{b[i==k,0].mean():.2f}:{b[i==k,1].mean():.2f}({(i==k).sum()})" for k in range(10) if (i==k).any()))
        print(d,"P(near)"," ".join(f"{b[j==k,2].mean():.2f}:{b[j==k,3].mean():.2f}({(j==k).sum()})" for k in range(10) if (j==k).any()))
main()
