# One image for every program of Lotería: the programs, the libraries that they need, a
# day's sample of bets, and nothing else: no shell, no package manager.

# ---- What building needs --------------------------------------------------------------

FROM debian:bookworm-slim AS setup
WORKDIR /loteria
COPY scripts/setup scripts/setup
RUN scripts/setup --build && rm -rf /var/lib/apt/lists/*

# ---- Run the unit tests -------------------------------------------------------------

FROM setup AS test
RUN apt-get -q update \
    && apt-get install -y -q --no-install-recommends libcmocka-dev python3-pytest \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release \
    && ctest --preset release -j "$(nproc)" && touch tested

# ---- Build as the README says, without what only testing needs -----------------------

FROM setup AS build
COPY --from=test /loteria/tested tested
COPY . .
RUN cmake --preset release && cmake --build --preset release

# ---- Gather what the programs need, under /image -------------------------------------

FROM build AS gather
RUN cmake --install build/release --strip --prefix /image/usr/local \
    && ldd /image/usr/local/bin/* /image/usr/local/lib/loteria/*.so | grep -v ':$' | grep -o '/[^ ]*\.so[^ ]*' | sort -u >libraries \
    && xargs cp --dereference --parents --target-directory /image <libraries
# What a scanner for known holes asks for: the packages that these libraries are of. (Some
# say that they install to /lib, which is /usr/lib by now.)
RUN mkdir -p /image/var/lib/dpkg/status.d \
    && xargs realpath <libraries | sed 'p; s,^/usr,,' \
        | xargs dpkg-query --search 2>/dev/null | cut -d: -f1 | sort -u >packages \
    && while read -r package; do \
        dpkg-query --status "$package" >"/image/var/lib/dpkg/status.d/$package" \
        && cp --parents "/usr/share/doc/$package/copyright" /image; \
    done <packages
# Draws close by the clock of a time zone.
RUN mkdir -p /image/usr/share && cp -r /usr/share/zoneinfo /image/usr/share \
    && rm -rf /image/usr/share/zoneinfo/posix /image/usr/share/zoneinfo/right \
    && dpkg-query --status tzdata >/image/var/lib/dpkg/status.d/tzdata \
    && cp --parents /usr/share/doc/tzdata/copyright /image
# A volume is born with the owner and mode of the folder that it is mounted on: one for each
# holder of keys, and as many agencies as one network of containers can have.
RUN mkdir -p /image/etc /image/.data /image/tmp /image/var/lib/loteria /image/run/keys \
        /image/keys/broker /image/keys/worker /image/keys/storage /image/keys/state \
        /image/keys/operator \
    && for agency in $(seq 1000); do mkdir /image/keys/agency-$agency; done \
    && chmod 1777 /image/tmp \
    && chmod -R 700 /image/var/lib/loteria /image/run/keys /image/keys \
    && chown -R 10001:10001 /image/var/lib/loteria /image/run/keys /image/keys \
    && echo 'loteria:x:10001:10001::/var/lib/loteria:/sbin/nologin' >/image/etc/passwd \
    && echo 'loteria:x:10001:' >/image/etc/group \
    && echo 'hosts: files dns' >/image/etc/nsswitch.conf \
    && agency=0 && for count in 26000 25000 16000 9000 1000; do \
        agency=$((agency + 1)) \
        && build/release/bin/make-bets --agency $agency --count $count --seed 2026 \
            >/image/.data/agency-$agency.csv; \
    done

# ---- Prometheus, for compose.yaml's profile `monitoring` ------------------------------

FROM debian:bookworm-slim AS gather-prometheus
RUN apt-get -q update \
    && apt-get install -y -q --no-install-recommends prometheus \
    && rm -rf /var/lib/apt/lists/* \
    && ldd /usr/bin/prometheus | grep -o '/[^ ]*\.so[^ ]*' | sort -u >libraries \
    && mkdir -p /image/usr/bin /image/etc/prometheus /image/tmp /image/prometheus \
    && cp /usr/bin/prometheus /usr/bin/promtool /image/usr/bin \
    && xargs cp --dereference --parents --target-directory /image <libraries \
    && cp --recursive --dereference --parents /usr/share/prometheus /image \
    && cp --parents /usr/share/doc/prometheus/copyright /image \
    && chmod 1777 /image/tmp && chmod 700 /image/prometheus \
    && chown 10001:10001 /image/prometheus \
    && echo 'loteria:x:10001:10001::/prometheus:/sbin/nologin' >/image/etc/passwd \
    && echo 'loteria:x:10001:' >/image/etc/group \
    && echo 'hosts: files dns' >/image/etc/nsswitch.conf
COPY etc/prometheus/loteria.rules.yml /image/etc/prometheus/
COPY etc/prometheus/compose.yml /image/etc/prometheus/prometheus.yml

FROM scratch AS prometheus
COPY --from=gather-prometheus /image /
USER 10001:10001
WORKDIR /
CMD ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", \
    "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=30d"]

# ---- The image ----------------------------------------------------------------------

FROM scratch
COPY --from=gather /image /
USER 10001:10001
WORKDIR /
CMD ["loteria-central", "--help"]
