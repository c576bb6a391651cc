# The operator's image: built on the same distribution whose libraries it links.
FROM debian:12 AS build
COPY cmake/debian-packages.txt /src/cmake/
RUN apt-get update -qq && xargs apt-get install -y -qq --no-install-recommends < /src/cmake/debian-packages.txt
COPY . /src
RUN cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDISAGG_TESTS=OFF \
 && cmake --build /build --target disagg-operator \
 && strip /build/bin/disagg-operator

FROM debian:12-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates libspdlog1.10 libfmt9 libyaml-cpp0.7 \
    liblz4-1 libsimdjson14 libssl3 libprometheus-cpp-core1.0 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/bin/disagg-operator /disagg-operator
USER 65532:65532
ENTRYPOINT ["/disagg-operator"]
