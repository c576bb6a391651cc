# The operator's image: built on the same distribution whose libraries it links.
FROM debian:12 AS build
COPY cmake/debian-packages.txt /src/cmake/
RUN apt-get update -qq && xargs apt-get install -y -qq --no-install-recommends < /src/cmake/debian-packages.txt
COPY . /src
RUN cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDISAGG_TESTS=OFF \
 && cmake --build /build --target disagg-operator \
 && python3 /src/images/operator_root.py /root-of-image /build/bin/disagg-operator

# The same files as in the archive of `make image`.
FROM scratch
COPY --from=build /root-of-image /
USER 65532:65532
ENTRYPOINT ["/disagg-operator"]
