/**
 * What gives a container away as a database. Ending one in a hurry, or by its age, hurts everybody who uses it, so
 * too many suspects are better than one too few: an exporter that has `redis` in its name is refused as well.
 */
import { repositoryOf, type Container, type Image } from "@shipkeeper/model";

/** Words in the last part of an image's name. */
const IMAGE_WORDS: ReadonlySet<string> = new Set(
  words(`
    postgres postgresql postgis timescaledb pgvector patroni citus cockroach
    mysql mysqld mariadb percona tidb mssql oracle db2 firebird yugabyte
    mongo mongodb couchdb couchbase arangodb rethinkdb surrealdb neo4j
    redis valkey keydb dragonfly etcd consul vault zookeeper
    cassandra scylla clickhouse influxdb victoriametrics questdb prometheus
    elasticsearch opensearch solr meilisearch qdrant weaviate milvus minio
    rabbitmq kafka redpanda nats activemq db database`),
);

/** Programs that serve a database, whatever their image is called. */
const SERVERS: ReadonlySet<string> = new Set(
  words(`
    postgres mysqld mariadbd mysqld_safe mongod redis-server valkey-server etcd
    cassandra clickhouse-server influxd sqlservr cockroach rabbitmq-server`),
);

/** Where the usual images keep their data: a volume or folder there is a database, whatever runs. */
const DATA_FOLDERS: readonly string[] = words(`
  /var/lib/postgresql /var/lib/mysql /var/lib/mongodb /data/db /var/lib/redis
  /bitnami/postgresql /bitnami/mysql /bitnami/mariadb /bitnami/mongodb /bitnami/redis
  /var/lib/cassandra /var/lib/clickhouse /var/lib/influxdb /var/lib/influxdb2
  /var/opt/mssql /opt/oracle/oradata /var/lib/neo4j /opt/couchdb/data /opt/couchbase/var
  /usr/share/elasticsearch/data /usr/share/opensearch/data /qdrant/storage /var/lib/etcd
  /var/lib/rabbitmq /var/lib/kafka /cockroach/cockroach-data`);

/** The sign by which a container is a database, in words, or undefined where there is none. */
export function databaseSign(container: Container, image: Image | undefined): string | undefined {
  const references = [container.image, ...(image?.tags ?? []), ...(image?.digests ?? [])];
  const named = references.find((reference) => wordsOf(reference).some((word) => IMAGE_WORDS.has(word)));
  if (named !== undefined) return `image ${named}`;

  const folder = container.mounts.find(({ type, destination }) => type !== "tmpfs" && holdsData(destination));
  if (folder !== undefined) return `its data in ${folder.destination}`;

  // Entry points come first and hand over: `docker-entrypoint.sh postgres`.
  const server = container.command
    .slice(0, 2)
    .map(programOf)
    .find((program) => SERVERS.has(program));
  return server === undefined ? undefined : `its program ${server}`;
}

/** `quay.io/acme/postgres-ha:15` → `postgres`, `ha`. */
function wordsOf(reference: string): string[] {
  const repository = repositoryOf(reference);
  return repository
    .slice(repository.lastIndexOf("/") + 1)
    .toLowerCase()
    .split(/[._-]+/);
}

function holdsData(destination: string): boolean {
  return DATA_FOLDERS.some((folder) => destination === folder || destination.startsWith(`${folder}/`));
}

function programOf(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
