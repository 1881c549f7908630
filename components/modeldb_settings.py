"""What ModelDB and the gate before it are told."""

from typing import Any

import pulumi

from components.tracking_place import DATABASE_PORT, FOLDER, HOSTS, PORT

BACK_END_PORT = 8085
ARTIFACT_PORT = 8086
PROXY_PORT = 8080
LOGIN_PORT = 8090
ARTIFACTS = "v1/artifact"


def settings(host: pulumi.Input[str], database_name: str, bucket: str, region: str) -> dict[str, Any]:
    """ModelDB's file without user and password, which are put in where they are.

    Its reader refuses a key that it does not know (backend/common, package `config`, of ModelDB's main branch in 2023).
    Clients have no way to the bucket: artifacts go through the server.
    """
    return {
        "grpcServer": {"port": BACK_END_PORT},
        "springServer": {"port": ARTIFACT_PORT, "shutdownTimeout": 30},
        "artifactStoreConfig": {
            "artifactStoreType": "S3",
            "pickArtifactStoreHostFromConfig": True,
            "host": HOSTS[0],
            "protocol": "http",
            "artifactEndpoint": {
                "getArtifact": f"/{ARTIFACTS}/getArtifact",
                "storeArtifact": f"/{ARTIFACTS}/storeArtifact",
            },
            "S3": {
                "cloudBucketName": bucket,
                "cloudBucketPrefix": FOLDER,
                "awsRegion": region,
                "s3presignedURLEnabled": False,
            },
        },
        "database": {
            "DBType": "relational",
            "timeout": 4,
            "liquibaseLockThreshold": 60,
            "RdbConfiguration": {
                "RdbDriver": "org.postgresql.Driver",
                "RdbDialect": "org.hibernate.dialect.PostgreSQL82Dialect",
                "DBConnectionURL": pulumi.Output.concat(
                    "jdbc:postgresql://", host, f":{DATABASE_PORT}/{database_name}?sslmode=require"
                ),
            },
        },
    }


GATE = f"""worker_processes 1;
pid /scratch/nginx.pid;
error_log /dev/stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path /scratch/body;
  proxy_temp_path /scratch/proxy;
  fastcgi_temp_path /scratch/fastcgi;
  uwsgi_temp_path /scratch/uwsgi;
  scgi_temp_path /scratch/scgi;
  proxy_request_buffering off;
  server {{
    listen {PORT} default_server;
    location = /health {{ return 204; }}
    location / {{ return 421; }}
  }}
  server {{
    listen {PORT};
    server_name {" ".join(host.partition(":")[0] for host in HOSTS)};
    location = /who {{
      internal;
      proxy_pass http://127.0.0.1:{LOGIN_PORT};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
    location / {{
      auth_request /who;
      proxy_pass http://127.0.0.1:{PROXY_PORT};
    }}
    location /{ARTIFACTS}/ {{
      auth_request /who;
      proxy_pass http://127.0.0.1:{ARTIFACT_PORT};
    }}
  }}
}}
"""
"""nginx: asks of each request whose token it bears, and takes only those that know the server by its name."""
