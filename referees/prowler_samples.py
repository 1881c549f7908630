"""Resources on which prowler is calibrated, each as its checks want it and as none of them does.

Made with boto3, not with the project's components: what calibrates a referee must not come from whom it judges.
"""

from referees import prowler_stores, prowler_watches, prowler_works

SAMPLES = (*prowler_stores.SAMPLES, *prowler_works.SAMPLES, *prowler_watches.SAMPLES)
