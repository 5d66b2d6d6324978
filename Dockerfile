# syntax=docker/dockerfile:1
FROM golang:1.26.10-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /commentd ./cmd/commentd

# Nothing but the program: no shell, no package manager, no user but a number.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /commentd /commentd
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/commentd"]
CMD ["serve"]
