#!/bin/sh
# Write a compose file with the names that users of the reference system have: project
# tp0, network testing_net, the central's front as `server`, its agencies as `client1` to
# `clientN`; storage, state and workers beside them.
#
#   scripts/generar-compose.sh [--compose-1] FILE N
#
#   FILE          the file to write, docker-compose-dev.yaml for instance
#   N             how many agencies; 0 works too
#   --compose-1   without the line that names the project, which docker-compose 1.29 does
#                 not know; start it with `docker-compose -p tp0 -f FILE up`
#
# Agency i sells .data/agency-{i}.csv if that is there when this runs, else a sample.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
samples=5 # that the image has

usage () {
    sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# The roll has the clients. It cannot be empty: without clients it is what
# etc/compose/loteria.cfg says.
roll () {
    if [ "$clients" -gt 0 ]; then
        echo "$clients"
    else
        echo '""'
    fi
}

head_of_file () {
    if [ "$named" = yes ]; then
        echo "name: tp0"
        echo
    fi
    cat <<EOF
x-program: &program
  image: \${IMAGE:-loteria}
  build: "$base"
  restart: unless-stopped
  stop_grace_period: 10s
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  pids_limit: 32
  # The name of a part that is away does not resolve; asking must not take long.
  dns_opt: ["timeout:1", "attempts:1"]
  mem_limit: 512m

x-environment: &environment
  LOTERIA_CONFIG: /etc/loteria/loteria.cfg
  LOTERIA_KEYS: /run/keys
  LOTERIA_BROKER: tcp://server:12346
  LOGGING_LEVEL: \${LOGGING_LEVEL:-}
  LOTERIA_LOG_FORMAT: \${LOTERIA_LOG_FORMAT:-}
  TOTAL_AGENCIES: $(roll)

x-health: &health
  interval: 2s
  timeout: 5s
  retries: 5

services:
EOF
}

# Makes what keys there are not yet, and ends; everybody else is given his own.
keys () {
    cat <<EOF
  keys:
    <<: *program
    command: loteria-keys new
    restart: "no"
    network_mode: none
    environment:
      LOTERIA_CONFIG: /etc/loteria/loteria.cfg
      TOTAL_AGENCIES: $(roll)
    volumes:
      - "$base/etc/compose:/etc/loteria:ro"
      - keys:/keys
EOF
    holders | sed 's|.*|      - keys-&:/keys/&|'
    echo
}

# Everybody who has a folder of keys.
holders () {
    printf '%s\n' broker worker storage state
    number=1
    while [ "$number" -le "$clients" ]; do
        echo "agency-$number"
        number=$((number + 1))
    done
}

central () {
    cat <<EOF
  server:
    <<: *program
    container_name: server
    command: loteria-broker
    environment: *environment
    networks: [testing_net, inner]
    volumes: ["$base/etc/compose:/etc/loteria:ro", "keys-broker:/run/keys:ro"]
    depends_on:
      storage: {condition: service_healthy}
    healthcheck:
      <<: *health
      test: [CMD, loteria-ctl, ping, "tcp://127.0.0.1:12345"]

  storage:
    <<: *program
    command: loteria-storage
    environment: *environment
    networks: [inner]
    volumes:
      - "$base/etc/compose:/etc/loteria:ro"
      - keys-storage:/run/keys:ro
      - data:/var/lib/loteria
    depends_on:
      keys: {condition: service_completed_successfully}
    healthcheck:
      <<: *health
      test: [CMD, loteria-ctl, ping, "tcp://127.0.0.1:12347"]

  state:
    <<: *program
    command: loteria-state
    environment: *environment
    networks: [inner]
    volumes:
      - "$base/etc/compose:/etc/loteria:ro"
      - keys-state:/run/keys:ro
    depends_on:
      storage: {condition: service_healthy}
    healthcheck:
      <<: *health
      test: [CMD, loteria-ctl, ping, "tcp://127.0.0.1:12348"]

  worker:
    <<: *program
    command: loteria-worker
    environment: *environment
    scale: \${WORKERS:-4}
    networks: [inner]
    volumes: ["$base/etc/compose:/etc/loteria:ro", "keys-worker:/run/keys:ro"]
    depends_on:
      server: {condition: service_healthy}
      state: {condition: service_healthy}
    healthcheck:
      <<: *health
      interval: 5s
      test: [CMD, loteria-ctl, ping, "tcp://127.0.0.1:12349"]
EOF
}

# client NUMBER
client () {
    volumes="\"$base/etc/compose:/etc/loteria:ro\", \"keys-agency-$1:/run/keys:ro\""
    bets=.data/agency-$1.csv
    if [ -f "$root/$bets" ]; then
        volumes="$volumes, \"$base/$bets:/$bets:ro\""
    else
        bets=.data/agency-$((($1 - 1) % samples + 1)).csv
    fi
    cat <<EOF

  client$1:
    <<: *program
    container_name: client$1
    command: [loteria-agency, --bets, $bets]
    restart: on-failure:5
    environment:
      LOTERIA_CONFIG: /etc/loteria/loteria.cfg
      LOTERIA_KEYS: /run/keys
      CLI_ID: $1
      CLI_SERVER_ADDRESS: server:12345
      CLI_LOG_LEVEL: \${CLI_LOG_LEVEL:-}
      LOTERIA_LOG_FORMAT: \${LOTERIA_LOG_FORMAT:-}
      CLI_BATCH_MAXAMOUNT: \${CLI_BATCH_MAXAMOUNT:-}
      CLI_LOOP_PERIOD: \${CLI_LOOP_PERIOD:-}
    networks: [testing_net]
    volumes: [$volumes]
    depends_on:
      server: {condition: service_healthy}
EOF
}

end_of_file () {
    cat <<EOF

networks:
  testing_net: {}
  inner: {internal: true}

volumes:
  data: {}
  keys: {}
EOF
    holders | sed 's|.*|  keys-&: {}|'
}

write_file () {
    head_of_file
    keys
    central
    number=1
    while [ "$number" -le "$clients" ]; do
        client "$number"
        number=$((number + 1))
    done
    end_of_file
}

named=yes
if [ "${1-}" = --compose-1 ]; then
    named=no
    shift
fi
[ $# -eq 2 ] || usage
file=$1
clients=$2
case $clients in
'' | *[!0-9]* | ??????*)
    echo "generar-compose.sh: '$clients' is not a number of agencies" >&2
    exit 2
    ;;
esac
clients=$(printf '%s' "$clients" | sed 's/^0*\(.\)/\1/')

# Paths in a compose file are taken from the folder where it is.
base=$root
if [ "$(cd "$(dirname "$file")" && pwd)" = "$root" ]; then
    base=.
fi
write_file >"$file"
